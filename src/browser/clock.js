/**
 * Times of the server.
 */

/**
 * Milliseconds since 1970 of an ISO 8601 time, 0 if it is none. Microseconds
 * are cut off, since not every browser reads them.
 *
 * @param {string|null|undefined} text
 */
export function parseTime(text) {
  return text ? Date.parse(text.replace(/(\.\d{3})\d+/, '$1')) || 0 : 0;
}

/**
 * When this page was asked for, in milliseconds of this browser's clock. After
 * redirects it is the last request: a page that follows a save knows of it.
 */
export function requestedAt() {
  const [nav] = performance.getEntriesByType('navigation');
  const { requestStart = 0, fetchStart = 0 } =
    /** @type {Partial<PerformanceNavigationTiming>} */ (nav || {});
  // performance.timeOrigin is not in Safari 14.
  return Date.now() - performance.now() + (requestStart || fetchStart);
}

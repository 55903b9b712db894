// What the build puts into the bundle: names below the prefix.
declare const __CSS_URL__: string;
declare const __PANEL_URL__: string;
declare const __LANG_URLS__: Record<string, string>;

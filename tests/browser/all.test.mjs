/** Every scenario, in one process: one stack, one Chromium. */
import './presence.test.mjs';
import './lock.test.mjs';
import './form.test.mjs';
import './save.test.mjs';
import './merge.test.mjs';
import './values.test.mjs';
import './handover.test.mjs';
import './pages.test.mjs';
import './chat.test.mjs';
import './access.test.mjs';
import './plain.test.mjs';
import './guard.test.mjs';
import './trouble.test.mjs';

/*
 * Keeps a page that the server renders signed in:
 *
 *   <script type="module" src="/auth/keep.js"></script>
 *
 * It renews the cookies before they run out, in a hidden page too, so that what the page loads later finds them
 * good. Where the session ends the page is loaded anew, and the server says what it shows then.
 */

import { createRatchet } from "./ratchet.js";

export const ratchet = createRatchet({ hidden: true, bearer: false }); // the cookie says who asks, as for all else here

let leaving = false; // then the page that comes next says what has happened
addEventListener("beforeunload", () => (leaving = true));
ratchet.addEventListener("signedout", () => leaving || location.reload());

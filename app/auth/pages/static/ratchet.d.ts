/** The browser client of Ratchet: keeps a page signed in, with one refresh for all of its tabs. */

/** What the server shows of a user; which fields there are beside the id is up to the site. */
export interface User {
  readonly id: string | number;
  readonly [field: string]: unknown;
}

export interface SignInFields {
  /** A user name or an e-mail address. */
  identifier?: string;
  email?: string;
  username?: string;
  password: string;
  /** Stay signed in when the browser is closed. */
  remember?: boolean;
  /** What to call this device. */
  label?: string;
}

/** Which sessions to end: this one, the user's others, or all of them. */
export type Scope = "session" | "others" | "all";

/** Why nobody is signed in any more: somebody signed out, here or in another tab, or a code of the server. */
export type Reason =
  | "signed_out"
  | "refresh_token_missing"
  | "refresh_token_invalid"
  | "refresh_token_reused"
  | "device_proof_required"
  | "account_blocked"
  | "account_unconfirmed";

export interface RatchetEventMap<U extends User = User> {
  /**
   * Somebody is signed in. With `previous`, that is somebody else than before, and the page is loaded anew
   * unless a listener calls `preventDefault()`.
   */
  signedin: CustomEvent<{ user: U; previous?: U | null }>;
  /** There is a new access token for the same user. */
  renewed: CustomEvent<{ user: U; previous: U }>;
  /** Nobody is signed in any more. */
  signedout: CustomEvent<{ user: null; previous?: U; reason: Reason }>;
  /** Nobody is signed in when the page starts. It comes once, where no `signedout` says the same. */
  nobody: CustomEvent<{ user: null }>;
}

/**
 * Why a sign-in, a sign-out or a refresh failed. `code` and `status` are those of the server's answer, absent
 * where there was none; `retryAfter` is the seconds that it asked to wait.
 */
export interface RatchetFault extends Error {
  code?: string;
  status?: number;
  retryAfter?: number;
}

/** `U` is what your site shows of a user: `interface Member extends User { name: string }`. */
export interface Ratchet<U extends User = User> extends EventTarget {
  /** Who is signed in: undefined while that is not known yet, null where it is nobody. */
  readonly user: U | null | undefined;

  /** Fulfilled with `user` as soon as that is known, however long the server is away. */
  readonly ready: Promise<U | null>;

  /** A usable access token, or null where nobody is signed in. Rejects with a RatchetFault. */
  token(): Promise<string | null>;

  /**
   * As the global `fetch`. A request to this origin carries the access token, in a header or, with
   * `bearer: false`, only in the cookie; one that is refused for it is made again once, with a new one. Rejects with an AbortError where the user has changed on the way, with
   * a RatchetFault or a TypeError where a refresh was needed and could not be had.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;

  /** Sign in; the user. Rejects with a RatchetFault. */
  signIn(fields: SignInFields): Promise<U>;

  /**
   * Sign out. Rejects with a RatchetFault, and then nothing has changed; or with an AbortError where somebody has
   * signed in before it could be done.
   */
  signOut(scope?: Scope): Promise<void>;

  addEventListener<Type extends keyof RatchetEventMap<U>>(
    type: Type,
    listener: (event: RatchetEventMap<U>[Type]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof RatchetEventMap<U>>(
    type: Type,
    listener: (event: RatchetEventMap<U>[Type]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

export interface RatchetOptions {
  /**
   * Where the routes of the site are, where the module does not come from the site's own server: the path that
   * the site is below, if any, and its RATCHET_URL_PREFIX. They have to be on the origin of the page.
   */
  prefix?: string;
  /** What the cookie with the mark is called, where the module does not come from the site's own server. */
  cookie?: string;
  /**
   * Whether `fetch` sends the token in the Authorization header, which is the default. With false a request has
   * only the cookie: for a site behind HTTP Basic authentication, which needs that header itself.
   */
  bearer?: boolean;
  /** Whether a hidden page renews its token ahead of time as well; by default only a visible one does. */
  hidden?: boolean;
}

/**
 * Make the client of this page; it finds out by itself who is signed in. One is enough. Throws a TypeError where
 * `prefix` is on another origin: a page cannot read the cookies of that one.
 */
export function createRatchet<U extends User = User>(options?: RatchetOptions): Ratchet<U>;

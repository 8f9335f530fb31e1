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
  | "account_blocked"
  | "account_unconfirmed";

export interface RatchetEventMap {
  /**
   * Somebody is signed in. With `previous`, that is somebody else than before, and the page is loaded anew
   * unless a listener calls `preventDefault()`.
   */
  signedin: CustomEvent<{ user: User; previous?: User | null }>;
  /** There is a new access token for the same user. */
  renewed: CustomEvent<{ user: User; previous: User }>;
  /** Nobody is signed in any more. */
  signedout: CustomEvent<{ user: null; previous?: User; reason: Reason }>;
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

export interface Ratchet extends EventTarget {
  /** Who is signed in: undefined while that is not known yet, null where it is nobody. */
  readonly user: User | null | undefined;

  /** Fulfilled with `user` as soon as that is known, however long the server is away. */
  readonly ready: Promise<User | null>;

  /** A usable access token, or null where nobody is signed in. Rejects with a RatchetFault. */
  token(): Promise<string | null>;

  /**
   * As the global `fetch`. A request to this origin carries the access token; one that is refused for it is
   * made again once, with a new one. Rejects with an AbortError where the user has changed on the way, with
   * a RatchetFault or a TypeError where a refresh was needed and could not be had.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;

  /** Sign in; the user. Rejects with a RatchetFault. */
  signIn(fields: SignInFields): Promise<User>;

  /**
   * Sign out. Rejects with a RatchetFault, and then nothing has changed; or with an AbortError where somebody has
   * signed in before it could be done.
   */
  signOut(scope?: Scope): Promise<void>;

  addEventListener<Type extends keyof RatchetEventMap>(
    type: Type,
    listener: (event: RatchetEventMap[Type]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof RatchetEventMap>(
    type: Type,
    listener: (event: RatchetEventMap[Type]) => void,
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
   * the site is below, if any, and its RATCHET_URL_PREFIX.
   */
  prefix?: string;
  /** What the cookie with the mark is called, where the module does not come from the site's own server. */
  cookie?: string;
}

/** Make the client of this page; it finds out by itself who is signed in. One is enough. */
export function createRatchet(options?: RatchetOptions): Ratchet;

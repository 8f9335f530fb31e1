/*
 * Ratchet in the browser: keeps a page signed in, with one refresh for all of its tabs.
 *
 *   import { createRatchet } from "/auth/ratchet.js";
 *   const ratchet = createRatchet();
 *   ratchet.addEventListener("signedout", ({ detail }) => showSignIn(detail.reason));
 *   const response = await ratchet.fetch("/api/orders");
 *
 * The access token lives in this module's memory and nowhere else. The refresh token is in a cookie that no
 * script can read. What script can read is the cookie `signedIn`, the mark of the session: while it stays as
 * it was when a token arrived, that token is the right one; when it differs, somebody signed in or out. The
 * cookies of a session that is over stay, because the refusal may arrive after a new sign-in.
 *
 * Everything that changes the cookies takes its turn behind one lock. What a tab learns in its turn it tells
 * its siblings before the lock opens and its own listeners after.
 */

/* In milliseconds. */
const LIMIT = 10_000; // to wait for a turn, and for the answer in it; less than half of the server's leeway
const PATIENCE = 8_000; // the longest back-off that a caller waits through; a longer one is an error
const MAX_PAUSE = 60_000;
const MAX_REFRESHES = 5; // refreshes of all tabs in a minute, unless one signs in itself: two sites that share cookie
const MINUTE = 60_000; // names would make each other refresh without end
const TICK = 30_000; // timers stand still while a computer sleeps, so look at the clock this often

/* What the site calls the mark; its spare is called after it. The server puts its own name here: see RATCHET_COOKIE_NAME. */
const COOKIE = "signedIn";

/* Where the routes are. The server puts there that they are beside the module that it serves. */
const PREFIX = "/auth";

/* The codes by which the server says that the session is over. */
const OVER = /^(refresh_token_(missing|invalid|reused)|device_proof_required|account_(blocked|unconfirmed))$/;

const ignore = () => {};
const sleep = (ms, value) => new Promise((done) => setTimeout(done, ms, value));

/* Two clocks: the monotonic one may stop while the computer sleeps, the other one may be set. The larger
   difference is never too young. */
const moment = () => ({ wall: Date.now(), monotonic: performance.now() });
const age = (since) => Math.max(Date.now() - since.wall, performance.now() - since.monotonic);

class Ratchet extends EventTarget {
  /* What is known. `user` is undefined at first and null when nobody is signed in. A state is replaced,
     never changed, so that "has it changed since?" is a comparison with ===. */
  #state = {};
  #prefix;
  #name;
  #cookie;
  #channel;
  #locks;
  #turns = 0; // how many turns this tab is in
  #news; // what a sibling said during a turn
  #answered = ignore;
  #refreshing;
  #fault; // why the last exchange failed,
  #faults = 0; // how many failed in a row,
  #again = 0; // and when the next may be tried
  #recent = []; // when the latest refreshes were, those of siblings too
  #wake = ignore;
  #timer;
  #known;
  #bearer; // whether requests carry the token in a header; otherwise they have only the cookie
  #hidden; // whether a hidden page renews, too

  constructor({ prefix = PREFIX, cookie = COOKIE, bearer = true, hidden = false } = {}) {
    super();
    const { origin, pathname } = new URL(prefix, document.baseURI);
    if (origin !== self.origin) throw new TypeError(`Ratchet's prefix ${prefix} is not on this page's origin`);
    this.#cookie = cookie;
    this.#bearer = bearer;
    this.#hidden = hidden;
    this.#prefix = pathname.replace(/\/$/, "");
    this.#name = `ratchet ${this.#prefix}`;
    this.#locks = navigator.locks ?? lockOfThisTab();
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#onMessage(data);
    this.ready = new Promise((resolve) => (this.#known = resolve));
    document.addEventListener("visibilitychange", this.#check);
    window.addEventListener("pageshow", this.#check);
    window.addEventListener("online", this.#backOnline);
    window.cookieStore?.addEventListener("change", this.#checkCookies);
    if (this.#mark) this.#check();
    else this.#setState({ ...moment(), mark: "", user: null });
  }

  /* Who is signed in, as far as this tab knows. */
  get user() {
    return this.#state.user;
  }

  /* A good access token, or null where nobody is signed in. */
  async token() {
    await this.#freshen();
    return this.#state.access_token ?? null;
  }

  /* Sign in with the fields of POST /auth/login; the user. */
  async signIn(fields) {
    await this.#turn(() => this.#post("/login", { delivery: "cookie", ...fields }));
    this.#recent = [];
    this.#again = 0;
    return this.user;
  }

  /* End this "session", the "others", or "all". Where that fails the user is told: nothing has ended then. A
     sign-in that comes before an attempt is not its business. */
  async signOut(scope = "session") {
    const mark = this.#mark;
    const work = async () => {
      if (this.#mark && this.#mark !== mark) throw somebodyElse();
      const state = await this.#post("/logout", { scope });
      return scope === "others" && state.reason === "signed_out" ? undefined : state;
    };
    await this.#patiently(() => this.#turn(work));
  }

  /* As the global fetch, renewed first and with the access token. A request that is refused for its token is made again once,
     unless somebody else is signed in by then. */
  async fetch(input, init) {
    const request = new Request(input, init);
    const { signal, url, headers } = request;
    if (new URL(url).origin !== location.origin || headers.has("Authorization")) return fetch(request);
    const spare = request.clone(); // a body can be sent only once
    const asked = this.user?.id;
    await unlessAborted(this.#freshen(), signal);
    const owner = asked ?? this.user?.id;
    const used = this.#state;
    const response = await this.#send(request, owner);
    const refused = response.status === 401 && /^Bearer/i.test(response.headers.get("WWW-Authenticate"));
    if (!refused || !used.access_token) return response;
    if (this.#state === used) {
      if (this.#braked > 0) return response;
      await unlessAborted(this.#refresh(), signal);
    }
    return this.#state.access_token ? this.#send(spare, owner) : response;
  }

  /* Send a request as `owner`, and hand its response to nobody else. */
  async #send(request, owner) {
    this.#assertSameUser(owner);
    const { access_token: token } = this.#state;
    if (token && this.#bearer) request.headers.set("Authorization", `Bearer ${token}`);
    const response = await fetch(request);
    this.#assertSameUser(owner);
    return response;
  }

  #assertSameUser(owner) {
    if (owner !== undefined && owner !== this.user?.id) {
      throw somebodyElse();
    }
  }

  async #freshen() {
    if (this.#stale || this.#expired) await this.#refresh();
  }

  get #mark() {
    const cookies = document.cookie.split("; ");
    const read = (name) => cookies.find((one) => one.startsWith(name))?.slice(name.length);
    return read(`${this.#cookie}=`) || read(`${this.#cookie}Spare=`) || "";
  }

  get #stale() {
    return this.#state.mark !== this.#mark;
  }

  /* For how long this tab may not refresh, in milliseconds. */
  get #braked() {
    return this.#recent.length < MAX_REFRESHES ? 0 : MINUTE - age(this.#recent.at(-MAX_REFRESHES));
  }

  get #expired() {
    return age(this.#state) >= this.#state.expires_in * 1000; // never, without a token
  }

  /* One refresh for everybody in this tab who wants one. */
  #refresh() {
    const before = this.#state;
    const work = (waited) => this.#refreshInTurn(before, waited);
    this.#refreshing ??= this.#patiently(() => this.#turn(work)).finally(() => {
      this.#refreshing = undefined;
      this.#check();
    });
    return this.#refreshing;
  }

  /* Use a newer token of another tab, otherwise ask the server. A long wait for the lock means that other
     tabs are refreshing or that the computer is busy: then they get more time to answer. */
  async #refreshInTurn(before, waited) {
    if (this.#state !== before) return undefined;
    await this.#ask(Math.min(1000, 50 + 9 * waited));
    if (this.#news) return undefined;
    if (!this.#mark) return { ...moment(), mark: "", user: null, reason: "signed_out" };
    const left = this.#braked / 1000;
    if (left > 0) throw Object.assign(new Error("too many refreshes"), { retryAfter: left });
    return this.#post("/refresh");
  }

  /* Ask the server, and never abort: what it set in the cookies counts, whatever becomes of this page. */
  async #post(path, fields = {}) {
    const sent = { ...moment(), mark: this.#mark };
    const response = await fetch(this.#prefix + path, {
      method: "POST",
      keepalive: true,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fields),
    });
    const reply = Object(await response.json().catch(ignore));
    const state = { ...sent, mark: this.#mark };
    const { access_token: token, error, reason = error } = reply;
    if (path === "/refresh" && (token || OVER.test(error))) {
      this.#count(sent.wall);
      this.#channel.postMessage(sent.wall);
    }
    if (token) return { ...state, ...reply };
    // Where a mark is left, the sign-out was late and somebody has signed in meanwhile: ask again.
    if (response.status === 204) return { ...state, mark: "", user: null, reason: "signed_out" };
    if (path === "/login" || !OVER.test(error)) throw faultOf(response, reply);
    if (sent.mark !== state.mark) throw new Error("the reply is about an earlier session"); // ask again
    return { ...state, user: null, reason, told: this.#wasTold(sent.mark) };
  }

  /* Count a refresh that was answered, granted or not, here or in another tab. Faults have their own pauses. */
  #count(wall) {
    const monotonic = performance.now() - Math.max(0, Date.now() - wall);
    this.#recent = [...this.#recent, { wall, monotonic }].slice(-MAX_REFRESHES);
  }

  /* The cookies of a session that is over stay, so every page hears of its end. Only the first one says so,
     and those that knew who was signed in. */
  #wasTold(mark) {
    try {
      const told = localStorage[this.#name] === mark;
      localStorage[this.#name] = mark;
      return told;
    } catch {
      return true; // the browser keeps nothing, so each page would be the first one, and keep.js load it for ever
    }
  }

  /* Work while no other tab does. A tab that takes too long loses its turn; what comes of its work still
     counts, unless something newer came meanwhile. */
  async #turn(work) {
    const asked = performance.now();
    const enter = async () => {
      const before = this.#state;
      this.#turns++;
      const exchange = work(performance.now() - asked).then((state) => this.#broadcast(state));
      const late = await Promise.race([exchange.then(ignore, ignore), sleep(LIMIT, true)]);
      this.#turns--;
      return { before, exchange, late };
    };
    const options = { signal: AbortSignal.timeout(LIMIT) };
    const { before, exchange, late } = await this.#locks.request(this.#name, options, enter).catch(enter);
    this.#catchUp();
    const done = exchange.then((state) => this.#adoptIfNewer(state, before)).finally(this.#check);
    if (!late) return done;
    done.catch(ignore);
    throw new Error("no answer in time");
  }

  /* Try until it works or is refused. Nobody is signed out because the network or the server is away. */
  async #patiently(attempt) {
    for (;;) {
      const pause = this.#again - performance.now();
      if (pause > PATIENCE) throw this.#fault;
      if (pause > 0) await Promise.race([sleep(pause), new Promise((wake) => (this.#wake = wake))]);
      try {
        await attempt();
        this.#faults = this.#again = 0;
        return;
      } catch (fault) {
        if (fault.name === "AbortError") throw fault;
        this.#postpone(fault);
        if (fault.status >= 400 && fault.status < 500 && fault.status !== 429) throw fault;
      }
    }
  }

  #postpone(fault) {
    const backOff = Math.min(MAX_PAUSE, 250 * 2 ** this.#faults++) * (0.5 + Math.random() / 2);
    this.#fault = fault;
    this.#again = performance.now() + Math.max(backOff, (fault.retryAfter ?? 0) * 1000);
  }

  #backOnline = () => {
    if (!this.#fault?.retryAfter) this.#again = 0;
    this.#wake();
    this.#check();
  };

  /* Chromium may tell of a change before `document.cookie` shows it; by the answer to a question it does. */
  #checkCookies = () => void cookieStore.get(this.#cookie).then(this.#check, this.#check);

  #broadcast(state) {
    if (state) this.#channel.postMessage({ ...state, age: age(state) });
    return state;
  }

  #ask(ms) {
    this.#channel.postMessage(null);
    return Promise.race([sleep(ms), new Promise((answered) => (this.#answered = answered))]);
  }

  /* A sibling speaks: it asks for a token, or tells when it refreshed, or what became of a turn. What speaks of
     other cookies than those that are here now is about another session. */
  #onMessage(message) {
    if (!message) {
      if (this.#state.access_token && !this.#expired) this.#broadcast(this.#state);
      return;
    }
    if (message > 0) return this.#count(message);
    const state = { ...message, monotonic: performance.now() - message.age };
    if (state.mark !== this.#mark || !this.#isNews(state)) return;
    this.#news = state;
    this.#answered();
    if (!this.#turns) this.#catchUp();
  }

  #catchUp() {
    const news = this.#news;
    this.#news = undefined;
    this.#adoptIfNewer(news);
  }

  #isNews(state) {
    return !(state.wall <= (this.#news ?? this.#state).wall);
  }

  #adoptIfNewer(state, before) {
    if (state && (this.#state === before || this.#isNews(state))) this.#setState(state);
  }

  #setState(state) {
    const previous = this.user;
    const { user, reason, told } = state;
    // Of its life; random, so that nobody can predict a refresh. The timers of a hidden page are a minute late.
    const share = (this.#hidden ? 0.3 : 0.5) + Math.random() * 0.4;
    this.#state = { ...state, due: state.expires_in * 1000 * share };
    this.#known(user);
    this.#check();
    if (user) this.#emit(previous?.id === user.id ? "renewed" : "signedin", { user, previous });
    else if (reason && (previous || (previous === undefined && !told))) this.#emit("signedout", { user, previous, reason });
    else if (previous === undefined) queueMicrotask(() => this.#emit("nobody", { user })); // once there are listeners
  }

  /* A page that shows one person's data is not for the next one: unless a listener sees to it and prevents
     the default, it is loaded anew. */
  #emit(type, detail) {
    const event = new CustomEvent(type, { detail, cancelable: true });
    if (this.dispatchEvent(event) && type === "signedin" && detail.previous) location.reload();
  }

  /* Refresh if it is time, or set a timer. Ahead of expiry only where somebody looks, or always; but other cookies than
     before concern every tab, except when its own turn has just changed them. */
  #check = () => {
    if (this.#turns) return;
    clearTimeout(this.#timer);
    const { access_token: token, due } = this.#state;
    if (document.hidden && !this.#hidden && !this.#stale) return;
    const left = this.#stale ? 0 : token ? due - age(this.#state) : Infinity;
    const wait = Math.max(left, this.#again - performance.now());
    if (wait <= 0) this.#refresh().catch(ignore);
    else this.#timer = setTimeout(this.#check, Math.min(wait, TICK));
  };
}

/* Plain http on another host than localhost has no Web Locks: then each tab uses only its own queue. */
function lockOfThisTab() {
  let last = Promise.resolve();
  return { request: (_name, _options, enter) => (last = last.then(enter)) };
}

function somebodyElse() {
  return new DOMException("somebody else is signed in, or nobody is", "AbortError");
}

function faultOf(response, { error, error_description: description }) {
  const { status, headers } = response;
  const after = headers.get("Retry-After");
  const retryAfter = Number(after) || (Date.parse(after) - Date.now()) / 1000 || 0;
  return Object.assign(new Error(description ?? `HTTP ${status}`), { code: error, status, retryAfter });
}

/* The caller may give up; what it waited for goes on. */
function unlessAborted(work, signal) {
  return new Promise((resolve, reject) => {
    work.then(resolve, reject);
    signal.throwIfAborted();
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

export function createRatchet(options) {
  return new Ratchet(options);
}

import { login, refresh } from "./orval/client";

declare const process: { argv: string[] };
const [, , site, token] = process.argv;
const plain = globalThis.fetch;
globalThis.fetch = (url, options) => plain(`${site}${url}`, options);
const reply = await refresh({ refresh_token: token ?? "" });
console.log(reply.status === 200 ? reply.data.access_token : reply.status);

export const signIn = (email: string, password: string) => login({ email, password });

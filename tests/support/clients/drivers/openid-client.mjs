import * as oauth from "openid-client";
import { ask, configure } from "./snippet.mjs";

const [token, secret] = process.argv.slice(2);
const configuration = await configure(secret, { execute: [oauth.allowInsecureRequests] });
console.log(JSON.stringify(await ask(configuration, token)));

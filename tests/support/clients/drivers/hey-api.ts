import { client } from "./hey-api/client.gen";
import { login, refresh } from "./hey-api/sdk.gen";

declare const process: { argv: string[] };
const [, , site, token] = process.argv;
client.setConfig({ baseUrl: site ?? "" });
const { data } = await refresh({ body: { refresh_token: token ?? "" } });
console.log(data?.access_token);

export const signIn = (email: string, password: string) => login({ body: { email, password } });

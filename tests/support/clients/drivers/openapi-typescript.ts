import createClient from "openapi-fetch";
import type { paths } from "./openapi-typescript/schema";

declare const process: { argv: string[] };
const [, , site, token] = process.argv;
const client = createClient<paths>({ baseUrl: site ?? "" });
const { data } = await client.POST("/auth/refresh", { body: { refresh_token: token ?? "" } });
console.log(data?.access_token);

export const signIn = (email: string, password: string) => client.POST("/auth/login", { body: { email, password } });

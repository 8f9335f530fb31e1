import { Configuration, DefaultApi } from "./openapi-generator/index";

declare const process: { argv: string[] };
const [, , site, token] = process.argv;
const api = new DefaultApi(new Configuration({ basePath: site ?? "" }));
console.log((await api.refresh({ refresh: { refreshToken: token ?? "" } })).accessToken);

export const signIn = (email: string, password: string) => api.login({ signIn: { email, password } });

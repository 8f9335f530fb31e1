import { verify } from "./snippet.mjs";

const [token] = process.argv.slice(2);
const request = new Request("https://api.example.org/", { headers: { authorization: `Bearer ${token}` } });
console.log(await verify(request).catch((error) => `refused: ${error.name}`));

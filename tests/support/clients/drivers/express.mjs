import express from "express";
import { required } from "./snippet.mjs";

const [token] = process.argv.slice(2);
const app = express();
app.get("/", required, (request, response) => response.send(request.auth.payload.sub));
app.use((error, request, response, next) => response.send(`refused: ${error.name}`));
const server = app.listen(0, "127.0.0.1", async () => {
  const url = `http://127.0.0.1:${server.address().port}/`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  console.log(await response.text());
  server.close();
});

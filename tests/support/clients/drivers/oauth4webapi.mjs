import * as oauth from "oauth4webapi";
import "./snippet.mjs";

const [site, token, secret] = process.argv.slice(2);
const http = { [oauth.allowInsecureRequests]: true };
const found = await oauth.discoveryRequest(new URL(site), { algorithm: "oauth2", ...http });
const server = await oauth.processDiscoveryResponse(new URL(site), found);
const client = { client_id: "app" };

const reply = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), token, http);
const tokens = await oauth.processRefreshTokenResponse(server, client, reply);
const told = [];
for (const way of [oauth.ClientSecretBasic(secret), oauth.ClientSecretPost(secret)]) {
  const asked = await oauth.introspectionRequest(server, client, way, tokens.access_token, http);
  told.push((await oauth.processIntrospectionResponse(server, client, asked)).active);
}
const revoked = await oauth.revocationRequest(server, client, oauth.None(), tokens.refresh_token, http);
await oauth.processRevocationResponse(revoked);
const refused = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh_token, http);
const error = await oauth.processRefreshTokenResponse(server, client, refused).catch((error) => error.error);
console.log(JSON.stringify({ renewed: tokens.access_token !== undefined, told, error }));

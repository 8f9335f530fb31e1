import "aurelia-polyfills";
import { initialize } from "aurelia-pal-browser";
import { authentication } from "./snippet.js";

initialize(); // the modules of Aurelia need this before they are loaded
const { Container } = await import("aurelia-dependency-injection");
const { configure: configureApi, Config } = await import("aurelia-api");
const { AuthService, configure } = await import("aurelia-authentication");

const container = new Container();
const framework = { container, globalResources() {} };
configureApi(framework, (config) => config.registerEndpoint("auth", "/"));
configure(framework, authentication);
const service = container.get(AuthService);

self.client = {
  signIn: (fields) => service.login(fields).then(() => true),
  orders: () =>
    container
      .get(Config)
      .getEndpoint("auth")
      .find("api/orders")
      .then(({ customer }) => customer),
  signOut: () => service.logout().then(() => service.isAuthenticated()),
  isSignedIn: () => service.authenticated,
  hasExpired: () => service.isTokenExpired(),
  stopTimer: () => service.clearTimeout(),
};

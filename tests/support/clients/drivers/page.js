import { orders, signIn } from "./snippet.js";

self.client = {
  signIn: (fields) => signIn(fields).then(() => true),
  orders,
};

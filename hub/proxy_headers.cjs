// Limit what a page of a notebook server may load and send to, from outside the container.
//
// The server sends the same policy, but it runs under the researcher's own user, who can change it. The public proxy
// does not, and of two policies a browser keeps to both. Loaded into the proxy with `node --require`; every address of
// a notebook server begins with /user/.
//
// What no header prevents: a page may send its reader to another address, or (Chromium) open a peer connection, and
// either can carry text. Both take somebody who means to; the strict tier answers that.
"use strict";

const { ServerResponse } = require("node:http");

const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval'", // JupyterLab compiles its schemas
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "media-src 'self' data: blob:",
  "worker-src 'self' blob:",
  "frame-src 'self' blob:",
  "object-src 'self' blob:",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const writeHead = ServerResponse.prototype.writeHead;

ServerResponse.prototype.writeHead = function (...head) {
  if (this.req.url.startsWith("/user/")) {
    const own = this.getHeader("content-security-policy") ?? [];
    this.setHeader("content-security-policy", [].concat(own, POLICY));
    this.setHeader("referrer-policy", "same-origin");
    this.setHeader("x-dns-prefetch-control", "off");
    this.setHeader("x-content-type-options", "nosniff");
  }
  return writeHead.apply(this, head);
};

// Limit what a page on a notebook server's host may load and send to, from outside the container.
//
// The server sends a policy too, but it runs under the researcher's own user, who can change it. The public proxy does
// not. Loaded into the proxy with `node --require`. It goes by the host and by nothing else: a frame of the same origin
// without a policy is as good as a page without one, so every answer has it, whatever its path and whoever answers, the
// proxy's health check and the hub's error pages too. Only the hub's own host, where no server answers, is left alone.
//
// What no header prevents: a page may send its reader to another address, have the browser fetch that ahead
// (speculation rules), or open a peer connection, and each can carry text. It takes somebody who means to;
// the strict tier answers that.
"use strict";

const http = require("node:http");

const HUB = new URL(process.env.MYELIN_HUB_URL).hostname;

const OURS = {
  "content-security-policy": [
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
  ].join("; "), // in place of the server's own, which may name an address the browser reports to
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "same-origin",
  "x-dns-prefetch-control": "off",
  "x-content-type-options": "nosniff",
};

// With these a browser sends or fetches something without asking the page's policy.
const DROPPED = [
  "alt-svc",
  "content-security-policy-report-only",
  "link",
  "nel",
  "refresh",
  "report-to",
  "reporting-endpoints",
  "service-worker-allowed",
  "speculation-rules",
];

// The one page every sign-in at a server comes by.
const SIGN_IN = /^\/user\/[^/]+\/[^/]+\/oauth_callback\?/;

const { createServer } = http;
const { writeHead } = http.ServerResponse.prototype;

// What Node cannot read, an address of 20,000 characters say, it answers itself, past writeHead: close the line instead.
http.createServer = (...given) => createServer(...given).on("clientError", (_error, socket) => socket.destroy());

http.ServerResponse.prototype.writeHead = function (...head) {
  if (hostOf(this.req) !== HUB) {
    DROPPED.forEach((name) => this.removeHeader(name));
    Object.entries(OURS).forEach(([name, value]) => this.setHeader(name, value));
    // One person's servers share an origin: nothing of one may wait in the browser for the next.
    if (SIGN_IN.test(this.req.url)) this.setHeader("clear-site-data", '"cache", "storage"');
    if (this.req.headers["service-worker"]) head[0] = 403;
  }
  return writeHead.apply(this, head);
};

function hostOf(request) {
  return request.headers.host?.split(":")[0]; // as the proxy reads it when it chooses where a request goes
}

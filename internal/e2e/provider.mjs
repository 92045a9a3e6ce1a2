// A small company's OpenID provider: oidc-provider over TLS, with two people,
// five clients that they log in to, and those of machines.
//
//     node provider.mjs --cert dex.crt --key dex.key [--client-keys jwks.json]
//
// It listens on a free port of 127.0.0.1 and prints one line of JSON, its
// issuer and the ids of its keys, when it is ready. The line "rotate" on
// standard input replaces all its keys, and it prints such a line again. It
// ends when standard input closes, so it never outlives the one who started it.
import { generateKeyPair, randomBytes, randomUUID, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createInterface } from 'node:readline';
import { parseArgs, promisify } from 'node:util';
import Provider, { errors } from 'oidc-provider';

globalThis.crypto ??= webcrypto; // Node 18, which Debian 12 has, has it under another name
globalThis.CryptoKey ??= webcrypto.CryptoKey;

// Standard output is for the lines of JSON: the provider's notices go elsewhere.
console.info = console.error;

// Any password will do: the sign-in pages are the provider's own, made for trials.
const accounts = {
  jane: { email: 'jane@example.com', email_verified: true, groups: ['engineering'] },
  admin: { email: 'admin@example.com', email_verified: true, groups: ['platform-engineers', 'engineering'] },
};

// An ID token's audience is the client that asked for it, and the client
// decides which algorithm signs it.
const clients = [
  ['kubernetes', 'RS256'],
  ['kubernetes-es256', 'ES256'],
  ['kubernetes-ps256', 'PS256'],
  ['grafana', 'RS256'],
].map(([id, alg]) => ({
  client_id: id,
  id_token_signed_response_alg: alg,
  application_type: 'native', // a program on its user's machine, so: PKCE and no secret
  token_endpoint_auth_method: 'none',
  redirect_uris: ['http://127.0.0.1:8000/'],
}));

const { values: files } = parseArgs({
  options: { cert: { type: 'string' }, key: { type: 'string' }, 'client-keys': { type: 'string' } },
});

// A machine gets opaque access tokens in its own name. The others are services that
// ask whose such a token is, each in a way of its own.
clients.push({
  client_id: 'robot',
  client_secret: 'robots-secret',
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
}, ...[
  ['api: basic', 'client_secret_basic', { client_secret: 'a secret: with %41, / and +' }],
  ['api: post', 'client_secret_post', { client_secret: 'another secret & more' }],
  ['api: key', 'private_key_jwt', files['client-keys'] && { jwks: JSON.parse(readFileSync(files['client-keys'])) }],
].filter(([, , more]) => more).map(([id, method, more]) => ({
  client_id: id,
  token_endpoint_auth_method: method,
  grant_types: [],
  response_types: [],
  redirect_uris: [],
  ...more,
})));

// A program that stays logged in.
clients.push({ ...clients[0], client_id: 'phone', grant_types: ['authorization_code', 'refresh_token'] });

// The services' own name, which a client asks for a token for (RFC 8707).
const api = 'https://api.example.com';

const cookieKey = randomBytes(32).toString('hex');

let serve; // the request handler of the current provider
const server = createServer(
  { cert: readFileSync(files.cert), key: readFileSync(files.key) },
  (req, res) => serve(req, res),
);
server.listen(0, '127.0.0.1', rotate);
createInterface({ input: process.stdin })
  .on('line', (line) => line === 'rotate' && rotate())
  .on('close', () => process.exit(0));

// rotate puts a provider with new keys in the place of the one before.
// Sessions and grants are in a store that both share.
async function rotate() {
  const issuer = `https://127.0.0.1:${server.address().port}`;
  const keys = await newKeys();
  const provider = new Provider(issuer, {
    jwks: { keys },
    clients,
    cookies: { keys: [cookieKey] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    conformIdTokenClaims: false, // the claims are in the ID token, not at the userinfo endpoint alone
    findAccount: (ctx, id) => accounts[id] && {
      accountId: id,
      claims: () => ({ sub: id, ...accounts[id] }),
    },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, resource) => {
          if (resource !== api) throw new errors.InvalidTarget();
          return { scope: 'read write', audience: api, accessTokenFormat: 'opaque' };
        },
      },
    },
  });
  serve = provider.callback();
  console.log(JSON.stringify({ issuer, kids: keys.map((key) => key.kid) }));
}

// newKeys makes one key for each algorithm, as a key serves only one.
function newKeys() {
  return Promise.all([
    ['RS256', 'rsa', { modulusLength: 2048 }],
    ['PS256', 'rsa', { modulusLength: 2048 }],
    ['ES256', 'ec', { namedCurve: 'P-256' }],
  ].map(async ([alg, type, options]) => {
    const { privateKey } = await promisify(generateKeyPair)(type, options);
    return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg };
  }));
}

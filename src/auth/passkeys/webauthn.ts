/** Loads the library for WebAuthn when it is needed: it is large, and most processes never use it. */
export const webAuthn = () => import('@simplewebauthn/server');

/** What it uses itself. */
export const webAuthnHelpers = () => import('@simplewebauthn/server/helpers');

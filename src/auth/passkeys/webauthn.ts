/** Loads the library for WebAuthn, apart from the rest: it takes as long as many an operator's command, and none needs it. */
export const webAuthn = () => import('@simplewebauthn/server');

/** What it uses itself. */
export const webAuthnHelpers = () => import('@simplewebauthn/server/helpers');

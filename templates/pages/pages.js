// What pages can do where scripts run; all of them work without. Texts come from the page, in its language.

/** `<div class="secret" data-show="Show" data-hide="Hide">` around a password field: a button that shows what was typed. */
for (const field of document.querySelectorAll('.secret')) {
  const input = field.querySelector('input');
  const button = document.createElement('button');
  const show = (shown) => {
    input.type = shown ? 'text' : 'password';
    button.textContent = shown ? field.dataset.hide : field.dataset.show;
    button.setAttribute('aria-pressed', String(shown));
  };
  button.type = 'button';
  button.className = 'reveal';
  button.setAttribute('aria-controls', input.id);
  button.addEventListener('click', () => show(input.type === 'password'));
  show(false);
  field.append(button);
  // So that browsers take it for a password, and do not offer it as text elsewhere.
  input.form?.addEventListener('submit', () => show(false));
}

/** `<button type="button" hidden data-copy="code" data-done="Copied">`: copies the text of the element with this id. */
for (const button of document.querySelectorAll('[data-copy]')) {
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).innerText.trim());
    button.textContent = button.dataset.done;
    setTimeout(() => (button.textContent = label), 2000);
  });
}

/** `<button type="button" hidden data-print>` */
for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => window.print());
}

/**
 * `<p data-countdown="60" data-text="In {seconds} seconds ...">` in the form of a button that may be pressed then. Without script the
 * button can be pressed at once, and the server says whether it is too early.
 */
for (const text of document.querySelectorAll('[data-countdown]')) {
  const button = text.closest('form').querySelector('button[type="submit"]');
  const before = text.textContent;
  const end = Date.now() + Number(text.dataset.countdown) * 1000;
  const tick = () => {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    button.disabled = seconds > 0;
    text.textContent = seconds > 0 ? text.dataset.text.replace('{seconds}', String(seconds)) : before;
    if (seconds > 0) setTimeout(tick, 250);
  };
  tick();
}

/** What stands before every path, where a proxy serves Roster below one. */
const PREFIX = import.meta.url.replace(/^[a-z]+:\/\/[^/]*|\/assets\/[^/]*$/g, '');

/**
 * `<form data-passkey="sign-in | second-step | confirm | add" hidden>`: its button asks the browser for a passkey, and the form then
 * sends what that says. Where browsers can, a sign-in page offers passkeys in the field for the user name, too.
 */
const PASSKEY_OPTIONS = {
  'sign-in': '/auth/passkey/options',
  'second-step': '/auth/passkey/options',
  confirm: '/auth/step-up/passkey-options',
  add: '/users/me/passkeys/options',
};
/** A challenge lives for five minutes; one that waits in a field is replaced before. */
const CHALLENGE_AGE = 4 * 60_000;
let waiting;
/** Whether the button for a passkey was pressed: then none is offered in the field any more. */
let isPressed = false;

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/** For browsers without `parse...OptionsFromJSON`. */
function parsedOptions(kind, json) {
  const parse = kind === 'add' ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON';
  if (PublicKeyCredential[parse]) return PublicKeyCredential[parse](json);
  const named = (list) => list?.map((one) => ({ ...one, id: toBytes(one.id) }));
  const options = { ...json, challenge: toBytes(json.challenge) };
  if (json.user) options.user = { ...json.user, id: toBytes(json.user.id) };
  if (json.allowCredentials) options.allowCredentials = named(json.allowCredentials);
  if (json.excludeCredentials) options.excludeCredentials = named(json.excludeCredentials);
  return options;
}

/** As `toJSON()` gives it, for browsers that lack it or whose password manager breaks it. */
function credentialJson({ id, rawId, type, response }) {
  const parts = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'];
  const given = parts.filter((part) => response[part] instanceof ArrayBuffer);
  const shown = Object.fromEntries(given.map((part) => [part, toText(response[part])]));
  const transports = response.getTransports?.();
  return { id, rawId: toText(rawId), type, response: { ...shown, ...(transports && { transports }) } };
}

/** @returns the answer; undefined if the server cannot be reached or is busy */
async function fetchOptions(form) {
  const { passkey: kind, token } = form.dataset;
  const body = token === undefined ? {} : { body: JSON.stringify({ token }) };
  const headers = { accept: 'application/json', ...(token !== undefined && { 'content-type': 'application/json' }) };
  try {
    const response = await fetch(PREFIX + PASSKEY_OPTIONS[kind], { method: 'POST', headers, ...body });
    return response.status === 429 || response.status >= 500 ? undefined : response;
  } catch {
    return undefined;
  }
}

function sendPasskey(form, credential) {
  const field = (name, value) => {
    const input = document.createElement('input');
    Object.assign(input, { type: 'hidden', name, value });
    form.append(input);
  };
  field(form.dataset.passkey === 'add' ? 'credential' : 'assertion', JSON.stringify(credentialJson(credential)));
  const keep = document.querySelector('input[type="checkbox"][name="keepSignedIn"]');
  if (form.dataset.passkey === 'sign-in' && keep?.checked) field('keepSignedIn', 'yes');
  form.submit();
}

function sayOfPasskey(form, what) {
  const text = form.querySelector('[data-passkey-says]');
  text.textContent = what === undefined ? '' : text.dataset[what];
  text.hidden = what === undefined;
}

const REASONS = { NotAllowedError: 'cancelled', AbortError: 'cancelled', InvalidStateError: 'exists' };

async function usePasskey(form) {
  sayOfPasskey(form, undefined);
  isPressed = true;
  waiting?.abort();
  waiting = undefined;
  const response = await fetchOptions(form);
  if (!response) return sayOfPasskey(form, 'unreachable');
  // Signed out, or too long ago, meanwhile: the server leads on.
  if (!response.ok) return form.submit();
  try {
    const kind = form.dataset.passkey;
    const publicKey = parsedOptions(kind, await response.json());
    const { credentials } = navigator;
    sendPasskey(form, await (kind === 'add' ? credentials.create({ publicKey }) : credentials.get({ publicKey })));
  } catch (error) {
    sayOfPasskey(form, REASONS[error.name] ?? 'failed');
  }
}

/** Offers passkeys in the field that has `autocomplete="... webauthn"`. */
async function offerPasskeys(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  // Two requests at once would be answered by an error.
  if (isPressed) return;
  waiting?.abort();
  const mine = (waiting = new AbortController());
  const since = Date.now();
  const renew = () => {
    if (document.visibilityState !== 'visible' || Date.now() - since < CHALLENGE_AGE || waiting !== mine) return;
    removeEventListener('visibilitychange', renew, true);
    void offerPasskeys(form);
  };
  addEventListener('visibilitychange', renew, true);
  setTimeout(renew, CHALLENGE_AGE + 1000);
  const response = await fetchOptions(form);
  if (!response?.ok || waiting !== mine) return;
  try {
    const publicKey = parsedOptions('sign-in', await response.json());
    const credential = await navigator.credentials.get({ mediation: 'conditional', publicKey, signal: mine.signal });
    if (credential) sendPasskey(form, credential);
  } catch (error) {
    if (error.name !== 'AbortError') sayOfPasskey(form, REASONS[error.name] ?? 'failed');
  }
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = form.querySelector('button');
    if (button.disabled) return;
    button.disabled = true;
    void usePasskey(form).finally(() => (button.disabled = false));
  });
  if (form.dataset.passkey === 'sign-in') void offerPasskeys(form);
}

/** A form is sent once, however often its button is pressed. */
for (const form of document.querySelectorAll('form[method="post"]')) {
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = 'true';
  });
}
// The page comes back as it was when somebody goes back to it.
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
});

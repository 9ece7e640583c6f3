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

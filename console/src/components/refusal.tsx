import { refusalText } from '../api/refusals.js';
import { useLanguage } from '../language/language.js';
import styles from './dialog.module.css';

/** Why something did not happen, beside the form or in the dialog where it was tried. */
export function Refusal({ error }: { readonly error: Error | undefined }) {
  const language = useLanguage();
  return (
    // Always there, so that screen readers notice when it is filled.
    <div role="alert">{error && <p className={styles.refusal}>{refusalText(error, language)}</p>}</div>
  );
}

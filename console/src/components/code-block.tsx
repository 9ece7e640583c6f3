import styles from './code-block.module.css';
import { Copy } from './copy.js';

interface CodeBlockProps {
  /** What it is, for screen readers. */
  readonly label: string;
  /** Text as it is; anything else as JSON. */
  readonly value: unknown;
}

/** A payload to read and to copy. */
export function CodeBlock({ label, value }: CodeBlockProps) {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return (
    <div className={styles.block}>
      <pre className={styles.code} role="region" aria-label={label} tabIndex={0}>
        <code>{text}</code>
      </pre>
      <span className={styles.copy}>
        <Copy text={text} />
      </span>
    </div>
  );
}

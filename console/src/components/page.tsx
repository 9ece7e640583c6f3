import { type ReactNode, useEffect, useRef } from 'react';
import { useProductName } from '../app/product-name.js';
import styles from './page.module.css';

interface PageProps {
  /** The one h1, and the title of the window. */
  readonly title: string;
  /** Buttons beside the title. */
  readonly actions?: ReactNode;
  /** In place of the plain title within the h1, such as a name with its status beside it. */
  readonly heading?: ReactNode;
  readonly children?: ReactNode;
}

/** The frame of every page. Its heading gets the focus when the page comes, so that screen readers begin there (WCAG 2.4.3). */
export function Page({ title, actions, heading, children }: PageProps) {
  const h1 = useRef<HTMLHeadingElement>(null);
  const product = useProductName();
  useEffect(() => {
    document.title = `${title} · ${product}`;
  }, [title, product]);
  useEffect(() => {
    // Not from a field that the page itself has focused.
    if (document.activeElement === document.body || document.activeElement?.closest('nav') !== null)
      h1.current?.focus();
  }, []);
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <h1 className={styles.title} ref={h1} tabIndex={-1}>
          {heading ?? title}
        </h1>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </div>
      {children}
    </div>
  );
}

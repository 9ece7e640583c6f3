import type { ComponentProps, ReactNode } from 'react';
import styles from './button.module.css';
import { classNames } from './class-names.js';

export type ButtonKind = 'plain' | 'primary' | 'danger' | 'quiet';

interface ButtonProps extends ComponentProps<'button'> {
  /** `primary` for the one thing to do on a page or in a dialog, `danger` for what cannot be undone. */
  readonly kind?: ButtonKind;
  /** Something is under way: it says so, and cannot be pressed again. */
  readonly busy?: boolean;
}

export function Button({ kind = 'plain', busy = false, className, disabled, onClick, ...props }: ButtonProps) {
  return (
    <button
      type="button"
      {...props}
      disabled={disabled}
      // Still in the order of Tab, so that the focus is not lost while it works.
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      className={classNames(styles.button, styles[kind], className)}
    />
  );
}

interface IconButtonProps extends Omit<ButtonProps, 'children' | 'aria-label'> {
  /** What it does, for everybody who does not see the icon. */
  readonly label: string;
  readonly children: ReactNode;
}

/** A button that shows an icon only. Put it into a `Tooltip` where the icon alone does not say it. */
export function IconButton({ label, kind = 'quiet', className, ...props }: IconButtonProps) {
  return <Button {...props} kind={kind} aria-label={label} className={classNames(styles.icon, className)} />;
}

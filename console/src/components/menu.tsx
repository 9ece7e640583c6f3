import { Menu as Base } from '@base-ui/react/menu';
import type { LucideIcon } from 'lucide-react';
import type { ReactElement } from 'react';
import { classNames } from './class-names.js';
import { KeyHint } from './key-hint.js';
import styles from './popup.module.css';

export interface MenuItem {
  readonly label: string;
  readonly icon?: LucideIcon;
  readonly onSelect?: () => void;
  /** Leads out of the console, instead of `onSelect`. */
  readonly href?: string;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  /** The key that does the same. */
  readonly keys?: string;
}

interface MenuProps {
  /** The button that opens it. */
  readonly trigger: ReactElement;
  /** `separator` draws a line. */
  readonly items: readonly (MenuItem | 'separator')[];
  readonly align?: 'start' | 'end';
}

export function Menu({ trigger, items, align = 'end' }: MenuProps) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className={styles.positioner} align={align} sideOffset={4}>
          <Base.Popup className={styles.popup}>
            {items.map((item, index) =>
              item === 'separator' ? (
                <Base.Separator key={`separator ${index}`} className={styles.separator} />
              ) : (
                <Item key={item.label} {...item} />
              ),
            )}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

function Item({ label, icon: Icon, onSelect, href, danger, disabled, keys }: MenuItem) {
  const className = classNames(styles.item, danger && styles.danger);
  const content = (
    <>
      {Icon && <Icon aria-hidden="true" />}
      {label}
      {keys !== undefined && (
        <span className={styles.end}>
          <KeyHint keys={keys} />
        </span>
      )}
    </>
  );
  return href === undefined ? (
    <Base.Item className={className} onClick={onSelect} disabled={disabled}>
      {content}
    </Base.Item>
  ) : (
    <Base.LinkItem className={className} href={href}>
      {content}
    </Base.LinkItem>
  );
}

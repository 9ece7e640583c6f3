import { useEffect, useEffectEvent } from 'react';
import { createStore, type Store } from '../store.js';
import { match, SEQUENCE_MS } from './sequence.js';

export interface KeyAct {
  /** `/`, `Enter`, or two one after the other: `g p`. */
  readonly keys: string;
  /** For the list that `?` shows. */
  readonly does: string;
  readonly run: (event: KeyboardEvent) => void;
}

/** All that have an effect now, those of the newest component last. */
export const activeKeys: Store<readonly (readonly KeyAct[])[]> = createStore<readonly (readonly KeyAct[])[]>([]);

let first: string | undefined;
let firstAt = 0;

/**
 * Keys of a page, for as long as it is there. They have no effect while somebody types, and none while a dialog or a menu is open.
 * Where two components know the same key, that of the newer one counts.
 */
export function useKeys(acts: readonly KeyAct[]): void {
  const run = useEffectEvent((keys: string, event: KeyboardEvent) => acts.find((act) => act.keys === keys)?.run(event));
  const described = acts.map(({ keys, does }) => `${keys}\t${does}`).join('\n');
  useEffect(() => {
    if (described === '') return;
    const mine = described.split('\n').map((line): KeyAct => {
      const [keys = '', does = ''] = line.split('\t');
      return { keys, does, run: (event) => run(keys, event) };
    });
    activeKeys.set([...activeKeys.get(), mine]);
    return () => activeKeys.set(activeKeys.get().filter((one) => one !== mine));
  }, [described]);
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || isTyping(event.target) || isCovered()) return;
  const acts = activeKeys.get().flat();
  const before = Date.now() - firstAt < SEQUENCE_MS ? first : undefined;
  const found = match(
    acts.map(({ keys }) => keys),
    event,
    before,
  );
  first = found.first;
  firstAt = Date.now();
  if (found.run === undefined || isPressed(event)) return;
  event.preventDefault();
  acts.findLast(({ keys }) => keys === found.run)?.run(event);
}

/** Enter and Space belong to the button or link that has the focus. */
function isPressed({ key, target }: KeyboardEvent): boolean {
  return (
    (key === 'Enter' || key === ' ') &&
    target instanceof Element &&
    target.closest('a, button, summary, [role="tab"], [role="menuitem"], [role="option"]') !== null
  );
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest('[role="listbox"], [role="menu"], [role="combobox"]')) return true;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button', 'submit'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function isCovered(): boolean {
  // Base UI gives toasts the role of a dialog; they cover nothing.
  return document.querySelector('[role$="dialog"]:not([data-notice]), [role="menu"], [role="listbox"]') !== null;
}

/** Called once, at the start. */
export function listenToKeys(): void {
  window.addEventListener('keydown', onKeyDown);
}

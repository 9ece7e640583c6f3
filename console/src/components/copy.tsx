import { Check, Copy as CopyIcon } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useWords } from '../language/language.js';
import { IconButton } from './button.js';
import { words } from './words.js';

interface CopyProps {
  readonly text: string;
  /** What is copied: "Copy the id". */
  readonly label?: string;
}

/** Copies a text, and says that it has. */
export function Copy({ text, label }: CopyProps) {
  const say = useWords(words);
  const [isDone, setDone] = useState(false);
  useEffect(() => {
    if (!isDone) return;
    const timer = setTimeout(() => setDone(false), 2000);
    return () => clearTimeout(timer);
  }, [isDone]);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setDone(true);
  };
  return (
    <>
      <IconButton label={label ?? say.copy} onClick={() => void copy()}>
        {isDone ? <Check aria-hidden="true" /> : <CopyIcon aria-hidden="true" />}
      </IconButton>
      <span role="status" className="visually-hidden">
        {isDone && say.copied}
      </span>
    </>
  );
}

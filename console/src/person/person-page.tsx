import { Page } from '../components/page.js';
import { useWords } from '../language/language.js';
import { words } from './words.js';

export function PersonPage() {
  const { title } = useWords(words);
  return <Page title={title} />;
}

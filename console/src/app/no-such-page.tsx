import { Link } from '@tanstack/react-router';
import { Page } from '../components/page.js';
import { useWords } from '../language/language.js';
import { words } from './words.js';

export function NoSuchPage() {
  const say = useWords(words);
  return (
    <Page title={say.noSuchPage}>
      <p>{say.noSuchPageWhy}</p>
      <p>
        <Link to="/people">{say.toPeople}</Link>
      </p>
    </Page>
  );
}

import { Button } from '../components/button.js';
import { Page } from '../components/page.js';
import { useWords } from '../language/language.js';
import { words } from './words.js';

/** A script that threw, or one that the server no longer has after an update. */
export function PageFailed() {
  const say = useWords(words);
  return (
    <Page title={say.pageFailed}>
      <p>{say.pageFailedWhy}</p>
      <Button onClick={() => location.reload()}>{say.reload}</Button>
    </Page>
  );
}

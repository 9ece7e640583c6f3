import { createStore, type Store } from '../store.js';

interface Asked<Ask, Answer> {
  readonly ask: Ask;
  readonly settle: (answer: Answer) => void;
}

/** A question that code asks and a dialog of the layout answers; one at a time, later ones wait their turn. */
export interface Question<Ask, Answer> {
  readonly ask: (ask: Ask) => Promise<Answer>;
  readonly asked: Store<Asked<Ask, Answer> | undefined>;
}

export function createQuestion<Ask, Answer>(): Question<Ask, Answer> {
  const asked = createStore<Asked<Ask, Answer> | undefined>(undefined);
  let last: Promise<unknown> = Promise.resolve();
  const put = (ask: Ask): Promise<Answer> => {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    asked.set({
      ask,
      settle: (answer) => {
        asked.set(undefined);
        resolve(answer);
      },
    });
    return promise;
  };
  return {
    asked,
    ask: (ask) => {
      const answer = last.then(() => put(ask));
      last = answer;
      return answer;
    },
  };
}

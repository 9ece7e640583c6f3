export const SCHEMES = ['light', 'dark'] as const;
export type Scheme = (typeof SCHEMES)[number];

/** A mail or page as it is shown. */
export interface PreviewSample {
  readonly kind: 'mail' | 'page';
  readonly name: string;
  /** What it is an example of; empty for what there is one of. */
  readonly variant: string;
  readonly locale: string;
  /** Its file without the ending: with `.html` as it is sent, with `.light.html` and `.dark.html` in one colour scheme. */
  readonly file: string;
  readonly subject?: string;
  readonly text?: string;
}

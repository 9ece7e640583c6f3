export const SCHEMES = ['light', 'dark'] as const;
export type Scheme = (typeof SCHEMES)[number];

/** A rendered mail or page of the preview. */
export interface PreviewSample {
  readonly kind: 'mail' | 'page';
  readonly name: string;
  /** The variant that it shows; empty if there is only one. */
  readonly variant: string;
  readonly locale: string;
  /** Its file without extension: `.html` as sent, `.light.html` and `.dark.html` in one colour scheme. */
  readonly file: string;
  readonly subject?: string;
  readonly text?: string;
}

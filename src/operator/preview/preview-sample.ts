import type { PageName, PageValues } from '../../http/pages/page-values.js';

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

/** Sample values of pages, by the variant that they show; `usual` where there is one only. */
export type PageSamples<Name extends PageName = PageName> = {
  readonly [One in Name]: Readonly<Record<string, PageValues[One]>>;
};

import type { Settings } from '../config/settings.js';

/** What mails and pages show of the product. */
export interface Brand {
  readonly productName: string;
  readonly color: string;
  readonly supportEmail: string | null;
}

export function brandOf(settings: Settings): Brand {
  return {
    productName: settings.PRODUCT_NAME,
    color: settings.BRAND_COLOR,
    supportEmail: settings.SUPPORT_EMAIL ?? null,
  };
}

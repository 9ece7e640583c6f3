import { Inject } from '@nestjs/common';

export const SETTINGS_TOKEN = Symbol('settings');

/** Parameter: the checked settings. */
export const InjectSettings = (): ParameterDecorator => Inject(SETTINGS_TOKEN);

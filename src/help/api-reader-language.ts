import { ApiHeader } from '@nestjs/swagger';

/** The answer has sentences in the language of `Accept-Language`. */
export const ApiReaderLanguage = (): MethodDecorator =>
  ApiHeader({
    name: 'accept-language',
    required: false,
    schema: { type: 'string', maxLength: 1000, example: 'de-AT' },
    description: 'the language of the sentences: English or German',
  });

import { Res } from '@nestjs/common';

/**
 * Parameter: the reply, for its headers and status; its body is what the handler returns. Without `passthrough`, Nest would wait
 * for the handler to send it. Not a decorator of our own making: Nest awaits what those give, and a reply that is awaited is
 * waited for until it is sent.
 */
export const Reply = (): ParameterDecorator => Res({ passthrough: true });

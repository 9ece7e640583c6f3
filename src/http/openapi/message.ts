import { ApiProperty } from '@nestjs/swagger';

/** A response with a message for a person. */
export class Message {
  @ApiProperty({ example: 'Check your inbox: a message with the next steps is on its way.' })
  readonly message: string;
}

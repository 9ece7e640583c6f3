import { ApiProperty } from '@nestjs/swagger';

/** A response with a message for a person. */
export class Message {
  @ApiProperty({ example: 'Check your mail: a message is on its way that says how to go on.' })
  readonly message: string;
}

import { Body, Controller, Get, Post } from '@nestjs/common';
import { Allow, type Caller, Context, CurrentCaller, type RequestContext, updateProfile, Users } from 'roster';

@Controller('team')
export class TeamController {
  constructor(private readonly users: Users) {}

  /** A route of the application, behind the roles of Roster. */
  @Get()
  @Allow('AUTHENTICATED')
  greet(@CurrentCaller() caller: Caller): object {
    return { hello: caller.userId, role: caller.role };
  }

  /** Two users or none. */
  @Post('pair')
  @Allow('MANAGER')
  async pair(@Body() { usernames }: { usernames: string[] }, @Context() context: RequestContext): Promise<object> {
    const ids = await this.users.transaction(async (tx) => {
      const made: string[] = [];
      for (const username of usernames) {
        const { id } = await this.users.create(tx, { username, role: 'AUTHENTICATED', how: 'admin' }, context);
        await this.users.change(tx, id, (state) => updateProfile(state, { nickname: `Acme ${username}` }), context);
        made.push(id);
      }
      return made;
    });
    return { ids };
  }
}

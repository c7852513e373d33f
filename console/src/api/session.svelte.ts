/** Who is here, and what they may do. */
import { ApiProblem, ask, keepToken } from "./client";
import type { May, Session } from "./types";

class Visit {
  session = $state.raw<Session | null>(null);
  problem = $state.raw<ApiProblem | null>(null);
  refused = $state(false);

  get needsToken(): boolean {
    return this.problem?.status === 401;
  }

  may(what: May): boolean {
    return this.session?.may.includes(what) ?? false;
  }

  async begin(token?: string): Promise<void> {
    if (token !== undefined) keepToken(token);
    try {
      this.session = await ask<Session>("session");
      this.problem = null;
      this.refused = false;
    } catch (error) {
      this.problem = error instanceof ApiProblem ? error : new ApiProblem(0, String(error));
      this.refused = token !== undefined && this.needsToken;
    }
  }

  end(): void {
    keepToken("");
    location.reload();
  }
}

export const visit = new Visit();

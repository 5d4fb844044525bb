/** What the learning platform tells of one user, for a page without a gateway. */
import { randomUUID } from 'node:crypto';

const AGENTS = [
  'RESEARCH',
  'VERIFICATION',
  'DECOMPOSITION',
  'STRUCTURING',
  'CONTENT_GENERATION',
  'VALIDATION',
  'SYNTHESIS',
  'LEARNING_EXPERIENCE',
];

/** An event, loose enough to be made by hand. */
export type StoryEvent = Record<string, unknown> & { eventType: string; userId: string | null };

/** Makes the events of one user. */
export class Story {
  readonly user: string;

  constructor(user: string) {
    this.user = user;
  }

  event(eventType: string, own: Record<string, unknown>): StoryEvent {
    return {
      eventType,
      eventId: randomUUID(),
      timestamp: (Date.now() - 12) / 1_000,
      correlationId: randomUUID(),
      causationId: null,
      userId: this.user,
      metadata: {
        source: 'learning-service',
        version: '1.0.0',
        environment: 'development',
        region: 'us-east-1',
        schemaVersion: '1.0',
      },
      ...own,
    };
  }

  /** A session up to `stages` whole stages, and one more that runs. */
  *session(topic: string, stages: number, sessionId: string = randomUUID()): Generator<StoryEvent> {
    yield this.event('session.started.v1', { sessionId, topic, estimatedDurationMinutes: 95 });
    for (const [index, agentType] of AGENTS.slice(0, stages + 1).entries()) {
      const agent = { sessionId, executionId: randomUUID(), agentType, stageNumber: index + 1 };
      yield this.event('agent.started.v1', agent);
      if (index === stages) return;
      yield this.event('agent.completed.v1', {
        ...agent,
        durationMinutes: 4 + ((index * 7) % 13),
        tokensUsed: 1_840 + index * 977,
        costUsd: 0.42 + index * 0.31,
      });
      if (agentType === 'CONTENT_GENERATION') yield* this.#content(topic, sessionId);
    }
  }

  /** A whole session, completed. */
  *completed(topic: string): Generator<StoryEvent> {
    const sessionId = randomUUID();
    yield* this.session(topic, AGENTS.length, sessionId);
    yield this.event('session.completed.v1', {
      sessionId,
      actualDurationMinutes: 88,
      qualityScore: 0.93,
      totalCostUsd: 12.4,
    });
  }

  /** A session that fails at its third stage, after a second attempt. */
  *failed(topic: string): Generator<StoryEvent> {
    const sessionId = randomUUID();
    yield* this.session(topic, 2, sessionId);
    const agent = { sessionId, agentType: 'DECOMPOSITION', stageNumber: 3 };
    const errorMessage = 'The model answered with no usable outline';
    for (const executionId of [randomUUID(), randomUUID()]) {
      yield this.event('agent.started.v1', { ...agent, executionId });
      yield this.event('agent.failed.v1', { ...agent, executionId, errorMessage });
    }
    yield this.event('session.failed.v1', { sessionId, errorMessage, failedAtStage: 'DECOMPOSITION' });
  }

  /** What happens to the account. */
  *account(): Generator<StoryEvent> {
    yield this.event('user.registered.v1', {
      email: 'ana@example.com',
      firstName: 'Ana',
      lastName: 'Ruiz',
      role: 'FREE_USER',
    });
    yield this.event('user.updated.v1', { changes: { displayName: 'Ana R.', timeZone: 'Europe/Madrid' } });
    yield this.event('payment.subscription-activated.v1', {
      subscriptionId: randomUUID(),
      planType: 'PRO',
      features: ['unlimited_sessions', 'export'],
    });
    yield this.event('user.role-changed.v1', {
      oldRole: 'FREE_USER',
      newRole: 'PRO_USER',
      changedBy: randomUUID(),
    });
    yield this.event('payment.subscription-cancelled.v1', { subscriptionId: randomUUID(), reason: null });
  }

  /** What happens to the platform. */
  *system(): Generator<StoryEvent> {
    yield {
      ...this.event('system.maintenance-started.v1', {
        maintenanceType: 'DATABASE_UPGRADE',
        estimatedDurationMinutes: 20,
        affectedServices: ['content-service'],
      }),
      userId: null,
    };
    yield {
      ...this.event('system.alert-triggered.v1', {
        alertType: 'QUEUE_DEPTH',
        severity: 'high',
        message: 'Agents start later than usual',
        affectedServices: ['agent-service', 'session-service'],
      }),
      userId: null,
    };
  }

  *#content(topic: string, sessionId: string): Generator<StoryEvent> {
    const contentId = randomUUID();
    yield this.event('content.generated.v1', {
      contentId,
      sessionId,
      contentType: 'LESSON',
      title: `${topic}: a first lesson`,
      wordCount: 1_480,
      qualityScore: 0.91,
    });
    yield this.event('content.generated.v1', {
      contentId: randomUUID(),
      sessionId,
      contentType: 'QUIZ',
      title: 'Ten questions to check yourself',
      wordCount: 420,
      qualityScore: null,
    });
    yield this.event('content.updated.v1', { contentId, newVersion: 2, changes: 'Clearer examples' });
  }
}

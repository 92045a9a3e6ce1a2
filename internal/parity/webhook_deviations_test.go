package parity

import (
	"context"
	"net/http"
	"unicode/utf8"
)

// deviations are in the order that they are applied in: each sees the question as
// those before have left it.
func (w *reviewWorld) deviations(ctx context.Context) []change[*question] {
	return []change[*question]{
		{
			name:    "tokens that are not UTF-8",
			reason:  "the reviewer would be asked about another",
			line:    "| a token that is not UTF-8 | posted with U+FFFD in place of what is not | refused (`Malformed`), and not posted |",
			applies: func(q *question) bool { return !utf8.ValidString(q.token) },
			change:  func(q *question) { q.refusal, q.unasked, q.reply.code = true, true, http.StatusOK },
		},
		{
			name:    "redirects",
			reason:  "the token goes where the operator said",
			line:    "| redirects | followed, with the token | not followed | |",
			applies: func(q *question) bool { return 300 <= q.reply.code && q.reply.code <= 399 },
			change:  outOfOrder,
		},
		{
			name:    "statuses",
			reason:  "an answer to something else, or to a part",
			line:    "| the status of an answer | 200 to 206 | 200 or 201 |",
			applies: func(q *question) bool { return 202 <= q.reply.code && q.reply.code <= 206 },
			change:  outOfOrder,
		},
		{
			name:    "content types that cannot be read",
			reason:  "the text is JSON or it is not",
			line:    "| the content type of an answer | not looked at unless it is malformed | not looked at |",
			accepts: true,
			applies: func(q *question) bool { return q.answered() },
			change:  func(q *question) { q.reply.header["Content-Type"] = []string{"application/json"} },
		},
		{
			name:    "long answers",
			reason:  "work is bounded",
			line:    " at most 1 MiB, no duplicate members |",
			applies: func(q *question) bool { return q.answered() && len(q.reply.body) > 1<<20 },
			change:  outOfOrder,
		},
		{
			name:    "protobuf",
			reason:  "it is not what was asked for",
			line:    "| … in protobuf | taken, whatever was asked for | unavailable |",
			applies: func(q *question) bool { return q.answered() && q.isProtobuf() },
			change:  outOfOrder,
		},
		{
			name:    "answers that are not JSON",
			reason:  "readers differ in what they make of it",
			line:    "| the answer | any YAML or JSON, without a kind too | JSON of the kind and version asked for,",
			applies: func(q *question) bool { return q.answered() && !q.object().valid && !q.isProtobuf() },
			change:  outOfOrder,
		},
		{
			name:    "deep answers, and those with many members",
			reason:  "work is bounded",
			line:    "| … in JSON that is not UTF-8, has half a surrogate pair, more than 64 levels, or more than 16,384 members in one object | mended, or taken | unavailable |",
			applies: func(q *question) bool { return q.answered() && (q.object().depth > 64 || q.many()) },
			change:  outOfOrder,
		},
		{
			name:    "JSON that is not plain",
			reason:  "readers differ in what they make of it",
			line:    "| … in JSON that is not UTF-8, has half a surrogate pair, more than 64 levels, or more than 16,384 members in one object | mended, or taken | unavailable |",
			applies: func(q *question) bool { return q.answered() && q.object().broken },
			change:  outOfOrder,
		},
		{
			name:    "duplicate members",
			reason:  "two readings",
			line:    " at most 1 MiB, no duplicate members |",
			applies: func(q *question) bool { return q.answered() && q.object().duplicate },
			change:  outOfOrder,
		},
		{
			name:    "kinds",
			reason:  "what is no review for certain is not believed",
			line:    "| the answer | any YAML or JSON, without a kind too | JSON of the kind and version asked for,",
			applies: func(q *question) bool { return q.answered() && q.object().valid && !q.isReview() },
			change:  outOfOrder,
		},
		{
			name:    "kind and version in another case",
			reason:  "names of members differ if a letter does",
			line:    "| … `kind` and `apiVersion` in another case, beside those or not | taken for them | not looked at |",
			accepts: true,
			applies: func(q *question) bool { return q.answered() },
			change: func(q *question) {
				q.edit(func(m member) bool { return !butForCase(m.name, "kind", "apiVersion") })
			},
		},
		{
			name:    "members that say nothing of the token",
			reason:  "they are never used, whole or broken",
			line:    "| … `metadata` and `spec` that are broken | refused | not looked at |",
			accepts: true,
			applies: func(q *question) bool { return q.answered() },
			change:  func(q *question) { q.edit(func(m member) bool { return m.name != "metadata" && m.name != "spec" }) },
		},
		{
			name:    "null in lists",
			reason:  "an empty group or audience is nobody's",
			line:    "| … a list with `null` in it | an empty string | unavailable |",
			applies: func(q *question) bool { return q.answered() && q.nullInList() },
			change:  outOfOrder,
		},
		{
			name:   "errors about tokens for others",
			reason: "the error is what the operator looks for",
			line:   "| an error that the reviewer tells of a token that is not for the audiences of the request | not told: the token is not the webhook's | refused (`Refused`) |",
			applies: func(q *question) bool {
				return q.limited && q.failed() && q.ask(ctx, q.setting.upstream).class == notMine
			},
			change: func(q *question) { q.refusal = true },
		},
		{
			name:    "user names",
			reason:  "the name looks like another",
			line:    "| user names that are empty, not UTF-8 or have control characters | accepted from some authenticators | refused (`InvalidUser`) |",
			applies: func(q *question) bool { return q.oddName() && q.ask(ctx, q.setting.upstream).class == accepted },
			change:  func(q *question) { q.refusal = true },
		},
	}
}

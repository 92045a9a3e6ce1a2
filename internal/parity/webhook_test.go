package parity

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	upstreamwebhook "k8s.io/apiserver/plugin/pkg/authenticator/token/webhook"
	"k8s.io/client-go/rest"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/webhook"
)

const (
	perReview   = 4  // how many pairs of -pairs make one review
	reviewsOnce = 96 // so many are under way, of which some wait before they ask again
)

// unavailable is a class of answers, beside those of tokens that need nobody.
const unavailable = "unavailable"

// TestWebhook has both sides ask one reviewer about tokens. It makes a fourth of
// -pairs.
func TestWebhook(t *testing.T) {
	silent(t)
	w, s := newReviewWorld(t), newTrials()
	all := w.deviations(t.Context())
	inParallel(t, *count/perReview, reviewsOnce, func(i int) { s.add(w.try(t.Context(), all, w.newReview(random(i, 0), i))) })
	verify(t, s, all)
	if *only < 0 {
		require.GreaterOrEqual(t, 5*s.classes[accepted+", ours "+accepted], s.n, "too few reviews are good for the run to mean much")
	}
}

// Users are told of every deviation.
func TestWebhookDeviationsAreDocumented(t *testing.T) {
	documented(t, (&reviewWorld{}).deviations(t.Context()))
}

// reviewSetting is what an operator chooses.
type reviewSetting struct {
	version   string
	audiences []string // of the API
	upstream  authenticator.Token
	ours      func() authenticator.Token // a new one, which knows nothing of what came before
}

func (s *reviewSetting) String() string {
	return fmt.Sprintf("%s, API audiences %q", s.version, s.audiences)
}

// reviewWorld is the reviewer, and who asks it.
type reviewWorld struct {
	*reviewer
	settings []*reviewSetting
}

func newReviewWorld(t *testing.T) *reviewWorld {
	t.Helper()
	w := &reviewWorld{reviewer: newReviewer(t)}
	for _, version := range []string{webhook.V1, webhook.V1beta1} {
		for _, audiences := range [][]string{nil, {}, {"api"}, {"api", "web"}} {
			w.settings = append(w.settings, w.newSetting(t, version, audiences))
		}
	}
	return w
}

func (w *reviewWorld) newSetting(t *testing.T, version string, audiences []string) *reviewSetting {
	t.Helper()
	url := w.url + "/review"
	upstream, err := upstreamwebhook.New(&rest.Config{Host: url, Transport: w.transport, QPS: -1}, version, audiences, wait.Backoff{Steps: 1})
	require.NoError(t, err)
	client := &http.Client{Transport: w.transport}
	ours := func() authenticator.Token {
		auth, err := webhook.New(webhook.Config{URL: url, Audiences: audiences}, &webhook.Options{Version: version, Client: client})
		if err != nil {
			panic(err) // not a test's own goroutine
		}
		return auth
	}
	return &reviewSetting{version, audiences, upstream, ours}
}

// question is a token and what the reviewer says of it.
type question struct {
	index   int
	setting *reviewSetting
	limited bool // the request is, to the audiences wanted
	wanted  []string
	token   string
	reply   reply
	did     []string
	reading *reading // of the reply; nil: not yet

	// What a deviation makes of it, whatever the reviewer says.
	refusal bool // the token is refused
	unasked bool // and the reviewer is not asked

}

// judged is what a side made of a question.
type judged struct {
	class string
	text  string // all that a caller and the reviewer could see of it
	err   error
}

// ask asks one side. What upstream returns as an error is unavailable unless it is
// the reviewer's own.
func (q *question) ask(ctx context.Context, auth authenticator.Token) (j judged) {
	ctx, a := asked(ctx, q.reply)
	if q.limited {
		ctx = authenticator.WithAudiences(ctx, q.wanted)
	}
	resp, ok, err := auth.AuthenticateToken(ctx, q.token)
	switch {
	case err != nil && (auth != q.setting.upstream && authn.ReasonOf(err) != authn.Unavailable || slices.Contains(reviewErrors, err.Error()) || err.Error() == q.told()):
		j = judged{refused, refused, err}
	case err != nil:
		j = judged{unavailable, unavailable, err}
	case !ok:
		j = judged{notMine, notMine, nil}
	default:
		j = judged{accepted, fmt.Sprintf("%s, audiences %q", answer{class: accepted, user: resp.User}, resp.Audiences), nil}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if q.refusal {
		j = judged{class: refused, text: refused}
	}
	if q.unasked {
		a.posts = nil
	}
	j.text += fmt.Sprintf(", asked %q", slices.Compact(a.posts))
	if a.moved {
		j.text += ", elsewhere too"
	}
	return j
}

// try asks both sides.
func (w *reviewWorld) try(ctx context.Context, all []change[*question], q *question) *trial {
	upstream, ours := q.ask(ctx, q.setting.upstream), q.ask(ctx, q.setting.ours())
	t := &trial{
		index: q.index, class: upstream.class + ", ours " + ours.class, upstream: upstream.text, ours: ours.text,
		accepts: ours.class == accepted && upstream.class != accepted,
		input:   fmt.Sprintf("%s\nupstream's error: %.600v\nour error: %.600v", q, upstream.err, ours.err),
	}
	copied := func() *question {
		other := *q
		other.reply.header = q.reply.header.Clone()
		return &other
	}
	return tried(all, copied, func(q *question) string { return q.ask(ctx, q.setting.upstream).text }, t)
}

// String is all that it takes to see a difference again.
func (q *question) String() string {
	body := q.reply.body
	if len(body) > 3000 {
		body = body[:1500] + " … " + body[len(body)-1500:]
	}
	return fmt.Sprintf("go test -run TestWebhook -seed %d -only %d\n%s\nodd: %s\nlimited %v to %q, token %.100q\n%d %q, breaks %v, %d bytes\n%q",
		*seed, q.index, q.setting, strings.Join(q.did, ", "), q.limited, q.wanted, q.token, q.reply.code, q.reply.header, q.reply.breaks, len(q.reply.body), body)
}

// newReview makes the question with that index of a run.
func (w *reviewWorld) newReview(r *rand.Rand, index int) *question {
	q := &question{index: index, setting: pick(r, w.settings), token: pick(r, reviewTokens[:3])}
	if r.IntN(4) == 0 {
		q.token = pick(r, reviewTokens)
	}
	if q.limited = r.IntN(2) > 0; q.limited {
		q.wanted = pick(r, wantedAudiences)
	}
	d := newVerdict(r, q)
	for range pick(r, []int{0, 0, 0, 0, 1, 1, 1, 1, 2}) {
		m := pick(r, verdictMutations)
		q.did = append(q.did, m.name)
		m.do(r, d)
	}
	q.reply = reply{code: pick(r, []int{200, 200, 200, 201}), header: http.Header{"Content-Type": {pick(r, contentTypes[:3])}}, body: d.String()}
	if r.IntN(5) == 0 {
		m := pick(r, replyMutations)
		q.did = append(q.did, m.name)
		m.do(r, w, &q.reply)
	}
	return q
}

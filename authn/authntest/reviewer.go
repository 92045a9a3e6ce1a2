package authntest

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"

	"k8s.io/apiserver/pkg/authentication/user"
)

// maxRequests bounds what a Reviewer remembers.
const maxRequests = 100

// Reviewer is a TokenReview server in this process, reached over TLS. It speaks
// authentication.k8s.io/v1 and v1beta1 and answers in the version it was asked
// in, on every path. A token it was told nothing about is not authenticated, and
// that is no error.
type Reviewer struct {
	*server

	mu       sync.Mutex
	verdicts map[string]verdict
	calls    int
	requests []json.RawMessage
}

// verdict is what a Reviewer was told about a token.
type verdict struct {
	user      *userInfo
	audiences []string
	refusal   string
	accepted  bool
}

// NewReviewer starts a reviewer that runs until t's cleanup.
func NewReviewer(t T) *Reviewer {
	t.Helper()
	rv := &Reviewer{verdicts: map[string]verdict{}}
	rv.server = newServer(t, http.HandlerFunc(rv.review), rv.note)
	return rv
}

// Accept has token be u. A nil u is authenticated as nobody: the answer has no
// user in it.
//
// With audiences, the token is good for these: the answer names those of them
// that were asked for, all of them when none was asked for, and is not
// authenticated when they have none in common. Without audiences the answer names
// none.
func (rv *Reviewer) Accept(token string, u user.Info, audiences ...string) {
	rv.tell(token, verdict{accepted: true, user: wireUser(u), audiences: slices.Clone(audiences)})
}

// Refuse has token be answered with the error message, not authenticated.
func (rv *Reviewer) Refuse(token, message string) {
	rv.tell(token, verdict{refusal: message})
}

// Calls returns how many requests have arrived since [NewReviewer], whatever the
// answer was.
func (rv *Reviewer) Calls() int {
	rv.mu.Lock()
	defer rv.mu.Unlock()
	return rv.calls
}

// Requests returns the bodies of the last 100 requests, oldest first, whatever
// the answer was. They are as they came, JSON or not.
func (rv *Reviewer) Requests() []json.RawMessage {
	rv.mu.Lock()
	defer rv.mu.Unlock()
	return slices.Clone(rv.requests)
}

func (rv *Reviewer) tell(token string, v verdict) {
	rv.mu.Lock()
	defer rv.mu.Unlock()
	rv.verdicts[token] = v
}

func (rv *Reviewer) note(_ string, body []byte) {
	rv.mu.Lock()
	defer rv.mu.Unlock()
	rv.calls++
	rv.requests = append(rv.requests, body)
	if len(rv.requests) > maxRequests {
		rv.requests = slices.Delete(rv.requests, 0, 1)
	}
}

func (rv *Reviewer) review(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "a TokenReview is posted", http.StatusMethodNotAllowed)
		return
	}
	var review tokenReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch review.APIVersion {
	case "authentication.k8s.io/v1", "authentication.k8s.io/v1beta1":
	default:
		http.Error(w, "unknown apiVersion", http.StatusBadRequest)
		return
	}
	if review.Kind != "TokenReview" {
		http.Error(w, "unknown kind", http.StatusBadRequest)
		return
	}
	rv.mu.Lock()
	v := rv.verdicts[review.Spec.Token]
	rv.mu.Unlock()
	review.Status = v.status(review.Spec.Audiences)
	review.Spec = tokenReviewSpec{} // the token is not sent back
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(review)
}

// status is the answer to a review that asked for these audiences.
func (v verdict) status(asked []string) tokenReviewStatus {
	if !v.accepted {
		return tokenReviewStatus{Error: v.refusal}
	}
	audiences := slices.Clone(v.audiences)
	if len(asked) > 0 {
		audiences = slices.DeleteFunc(audiences, func(a string) bool { return !slices.Contains(asked, a) })
	}
	if len(v.audiences) > 0 && len(audiences) == 0 {
		return tokenReviewStatus{}
	}
	return tokenReviewStatus{Authenticated: true, User: v.user, Audiences: audiences}
}

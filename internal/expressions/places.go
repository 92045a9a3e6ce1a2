package expressions

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/authnchain/authnchain/authn"
)

// maxQueue is how long an evaluation waits for its turn.
const maxQueue = time.Second

// Places bounds how many evaluations of one configuration go on at once that cannot
// be stopped in the middle of a long function. Nobody waits for one whose time is up,
// but it has its place until it ends by itself. One user has half of the places, lest
// others have none.
type Places struct {
	what   string
	places chan struct{}

	mu        sync.Mutex // guards bySubject and the users of each share
	bySubject map[string]*share
}

// share is the places of one user.
type share struct {
	places chan struct{}
	users  int // who have a place, or wait for one
}

// NewPlaces returns places for the expressions of tokens, or of whatever errors are to
// call them.
func NewPlaces(what string) *Places {
	return &Places{what: what, places: make(chan struct{}, max(4, 2*runtime.GOMAXPROCS(0))), bySubject: make(map[string]*share)}
}

// Enter waits for a place, and returns how to leave it.
func (p *Places) Enter(ctx context.Context, subject string) (leave func(), err error) {
	s := p.share(subject)
	timer := time.NewTimer(maxQueue)
	defer timer.Stop()
	if err := p.wait(ctx, s.places, timer); err != nil {
		p.forget(subject, s)
		return nil, err
	}
	if err := p.wait(ctx, p.places, timer); err != nil {
		<-s.places
		p.forget(subject, s)
		return nil, err
	}
	return func() {
		<-p.places
		<-s.places
		p.forget(subject, s)
	}, nil
}

// wait takes a place as soon as there is one.
func (p *Places) wait(ctx context.Context, places chan<- struct{}, timer *time.Timer) error {
	select {
	case places <- struct{}{}:
		return nil
	default:
	}
	select {
	case places <- struct{}{}:
		return nil
	case <-timer.C:
		return authn.Errorf(authn.Unavailable, "the expressions of other %s take too long", p.what)
	case <-ctx.Done():
		return authn.Errorf(authn.Unavailable, "%w", ctx.Err())
	}
}

func (p *Places) share(subject string) *share {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.bySubject[subject]
	if s == nil {
		s = &share{places: make(chan struct{}, cap(p.places)/2)}
		p.bySubject[subject] = s
	}
	s.users++
	return s
}

func (p *Places) forget(subject string, s *share) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.users--; s.users == 0 {
		delete(p.bySubject, subject)
	}
}

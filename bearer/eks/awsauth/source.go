package awsauth

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/eks"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/follow"
)

// Source has a ConfigMap at hand, such as a lister of client-go's.
type Source interface {
	// Data returns the data of the ConfigMap, which nobody changes any more; nil if there
	// is no ConfigMap, so that nobody is mapped; or an error if that is not known. It is
	// called for each request, so it must not wait for anything.
	Data(ctx context.Context) (map[string]string, error)
}

// SourceFunc is a func as a [Source].
type SourceFunc func(ctx context.Context) (map[string]string, error)

// Data implements [Source].
func (f SourceFunc) Data(ctx context.Context) (map[string]string, error) { return f(ctx) }

// SourceMappings are the [Mappings] of a [Source]. They are an [eks.Mapper], safe for
// concurrent use.
type SourceMappings struct {
	source  Source
	options *Options

	mu      sync.Mutex // of who has found news
	seen    atomic.Pointer[seen]
	current follow.Current[*Mappings]
}

// seen is what a source said last.
type seen struct {
	data    map[string]string
	readErr error // why there are no data
	err     error // why they are not in use
}

// From returns the [Mappings] of a [Source], which is asked first when somebody asks for
// a user. Data that are refused are not in use: those that were last good are, and until
// there are any, every identity is [authn.Unavailable]. o may be nil.
func From(s Source, o *Options) *SourceMappings {
	return &SourceMappings{source: s, options: o.orDefault()}
}

// look asks the source, and reads what is new.
func (s *SourceMappings) look(ctx context.Context) {
	data, err := s.source.Data(ctx)
	if s.known(data, err) || ctx.Err() != nil {
		return
	}
	told, err := s.lookAgain(ctx)
	if told && s.options.OnReload != nil {
		s.options.OnReload(err)
	}
}

// lookAgain is look for one at a time, lest what is older take the place of what is new.
func (s *SourceMappings) lookAgain(ctx context.Context) (news bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := s.source.Data(ctx)
	if s.known(data, err) || ctx.Err() != nil {
		return false, nil
	}
	now := &seen{data: data, readErr: err}
	before := s.seen.Load()
	switch {
	case err != nil && before != nil:
		now.data, now.err = before.data, before.err
	case err == nil && before != nil && before.data != nil && data != nil && maps.Equal(before.data, data):
		now.err = before.err // it can be read again, and is as it was
	case err == nil:
		var m *Mappings
		if m, now.err = read(data, s.options); now.err == nil {
			s.current.Set(m, nil)
		}
	}
	s.seen.Store(now)
	return true, now.problem()
}

// known reports whether the source said the same before.
func (s *SourceMappings) known(data map[string]string, err error) bool {
	before := s.seen.Load()
	switch {
	case before == nil:
		return false
	case err != nil:
		return before.readErr != nil && before.readErr.Error() == err.Error()
	}
	return before.readErr == nil && maps.Equal(before.data, data)
}

func (s *seen) problem() error {
	if s.readErr != nil {
		return clip.Error(s.readErr)
	}
	return s.err
}

// User implements [eks.Mapper].
func (s *SourceMappings) User(ctx context.Context, id eks.Identity) (user.Info, error) {
	s.look(ctx)
	if s.current.Number() == 0 {
		return nil, authn.Errorf(authn.Unavailable, "awsauth: no ConfigMap could be read yet: %w", s.why(ctx))
	}
	return s.current.Value().User(ctx, id)
}

func (s *SourceMappings) why(ctx context.Context) error {
	if now := s.seen.Load(); now != nil && now.problem() != nil {
		return now.problem()
	}
	return context.Cause(ctx)
}

// Generation returns a number that grows whenever the mappings have changed. It asks the
// source, as User does.
func (s *SourceMappings) Generation() uint64 {
	s.look(context.Background())
	return s.current.Number()
}

// HealthCheck returns nil as long as what the source said last is in use; else what is
// wrong with it.
func (s *SourceMappings) HealthCheck() error {
	now := s.seen.Load()
	if now == nil || now.problem() == nil {
		return nil
	}
	if s.current.Number() == 0 {
		return fmt.Errorf("awsauth: no ConfigMap is in use: %w", now.problem())
	}
	return fmt.Errorf("awsauth: the last good ConfigMap is still in use: %w", now.problem())
}

package awsauth_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/eks"
	"github.com/authnchain/authnchain/bearer/eks/awsauth"
)

const accounts = "apiVersion: v1\nkind: ConfigMap\ndata:\n  mapAccounts: '[\"444455556666\"]'\n"

var joe = person("arn:aws:iam::444455556666:user/Joe", "444455556666")

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "aws-auth.yaml")
	write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	now := time.Now()
	var told []error
	o := &awsauth.Options{Now: func() time.Time { return now }, OnReload: func(err error) { told = append(told, err) }}
	_, err := awsauth.File(path, o)
	require.ErrorIs(t, err, os.ErrNotExist)
	write("x")
	_, err = awsauth.File(path, o)
	require.ErrorContains(t, err, "awsauth: "+path+": manifest: line 1: want fields and their values")

	write(accounts)
	f, err := awsauth.File(path, o)
	require.NoError(t, err)
	require.Equal(t, uint64(1), authn.GenerationOf(f))
	require.NoError(t, authn.HealthOf(f))
	u, err := f.User(t.Context(), joe)
	require.NoError(t, err)
	require.Equal(t, joe.ARN, u.GetName())

	later := func() { now = now.Add(2 * time.Second) }
	write("kind: broken\n")
	for range 2 {
		later()
		_, err = f.User(t.Context(), joe)
		require.NoError(t, err)
	}
	require.ErrorContains(t, authn.HealthOf(f), "still what it held")
	require.Equal(t, uint64(1), f.Generation())
	require.Len(t, told, 1)
	require.Error(t, told[0])

	write(string(manifest(good())))
	for range 3 {
		later()
		_ = f.Generation()
	}
	require.NoError(t, authn.HealthOf(f))
	require.Equal(t, uint64(2), f.Generation())
	require.Equal(t, 8, f.Mappings().Len())
	require.NoError(t, told[len(told)-1])
}

// source says what a test has it say.
type source struct {
	mu   sync.Mutex
	data map[string]string
	err  error
}

func (s *source) set(data map[string]string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data, s.err = data, err
}

func (s *source) Data(context.Context) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data, s.err
}

func TestSource(t *testing.T) {
	src := &source{err: errors.New("not synced yet")}
	var told []error
	m := awsauth.From(src, &awsauth.Options{OnReload: func(err error) { told = append(told, err) }})
	require.NoError(t, authn.HealthOf(m), "nobody has asked")

	_, err := m.User(t.Context(), joe)
	require.EqualError(t, err, "awsauth: no ConfigMap could be read yet: not synced yet")
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	require.EqualError(t, authn.HealthOf(m), "awsauth: no ConfigMap is in use: not synced yet")
	require.Zero(t, authn.GenerationOf(m))
	require.Len(t, told, 1)

	src.set(map[string]string{"mapAccounts": "x"}, nil)
	_, err = m.User(t.Context(), joe)
	require.EqualError(t, err, "awsauth: no ConfigMap could be read yet: mapAccounts: line 1: not a list")
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))

	src.set(map[string]string{"mapAccounts": "['444455556666']"}, nil)
	require.Equal(t, uint64(1), authn.GenerationOf(m))
	for range 3 {
		_, err = m.User(t.Context(), joe)
		require.NoError(t, err)
	}
	require.NoError(t, authn.HealthOf(m))
	require.Len(t, told, 3)
	require.NoError(t, told[2])

	for what, bad := range map[string]error{"mapAccounts: line 1: not a list": nil, "gone": errors.New("gone")} {
		src.set(map[string]string{"mapAccounts": "x"}, bad)
		_, err = m.User(t.Context(), joe)
		require.NoError(t, err, "the last good one is in use")
		require.EqualError(t, authn.HealthOf(m), "awsauth: the last good ConfigMap is still in use: "+what)
		require.Equal(t, uint64(1), authn.GenerationOf(m))
	}

	src.set(nil, nil) // it was deleted
	_, err = m.User(t.Context(), joe)
	require.Equal(t, authn.RuleFailed, authn.ReasonOf(err))
	require.NoError(t, authn.HealthOf(m))
	require.Equal(t, uint64(2), authn.GenerationOf(m))
}

// What could not be read for a while, and is as it was, is nothing new.
func TestSourceThatComesBack(t *testing.T) {
	src := &source{}
	m := awsauth.From(src, nil)
	src.set(map[string]string{"mapAccounts": "['444455556666']"}, nil)
	for range 2 {
		require.Equal(t, uint64(1), authn.GenerationOf(m))
		require.NoError(t, authn.HealthOf(m))
		src.set(nil, errors.New("gone"))
		require.Equal(t, uint64(1), authn.GenerationOf(m))
		require.Error(t, authn.HealthOf(m))
		src.set(map[string]string{"mapAccounts": "['444455556666']"}, nil)
	}
}

// A request that has ended is not the source's fault.
func TestSourceOfARequestThatEnded(t *testing.T) {
	src := awsauth.SourceFunc(func(ctx context.Context) (map[string]string, error) {
		return map[string]string{"mapAccounts": "['444455556666']"}, ctx.Err()
	})
	m := awsauth.From(src, nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := m.User(ended, joe)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	require.NoError(t, authn.HealthOf(m))
	_, err = m.User(t.Context(), joe)
	require.NoError(t, err)
	_, err = m.User(ended, joe)
	require.NoError(t, err)
}

// Many ask while it changes, and all get an answer by one of the two.
func TestSourceRace(t *testing.T) {
	src := &source{}
	m := awsauth.From(src, nil)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				u, err := m.User(t.Context(), session("Admin", "jane"))
				if err == nil && u.GetName() != "admin:jane" || err != nil && authn.ReasonOf(err) != authn.RuleFailed {
					t.Errorf("%v, %v", u, err)
				}
				m.Generation()
			}
		})
	}
	for i := range 200 {
		var data map[string]string
		if i%2 == 0 {
			data = map[string]string{"mapRoles": good()["mapRoles"]}
		}
		src.set(data, nil)
	}
	all.Wait()
	src.set(map[string]string{"mapRoles": good()["mapRoles"]}, nil)
	_, err := m.User(t.Context(), session("Admin", "jane"))
	require.NoError(t, err)
}

var _ = []eks.Mapper{(*awsauth.Mappings)(nil), (*awsauth.FileMappings)(nil), (*awsauth.SourceMappings)(nil)}

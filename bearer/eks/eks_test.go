package eks_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/bearer/eks"
)

func TestUsers(t *testing.T) {
	s := newSTS(t)
	a := s.authenticator()
	tests := map[string]struct {
		request
		want info
	}{
		"an IAM user": {request{key: bob}, info{
			"arn:aws:iam::111122223333:user/Bob", "aws-iam-authenticator:111122223333:AIDACKCEVSQ6C2EXAMPLE", []string{"aws:111122223333"},
			map[string][]string{
				"arn": {"arn:aws:iam::111122223333:user/Bob"}, "canonicalArn": {"arn:aws:iam::111122223333:user/Bob"},
				"principalId": {"AIDACKCEVSQ6C2EXAMPLE"}, "accessKeyId": {"AKIAIOSFODNN7EXAMPLE"},
				"authentication.kubernetes.io/credential-id": {"AWSACCESSKEYID=AKIAIOSFODNN7EXAMPLE"},
			}, noon.Add(15 * time.Minute), noon,
		}},
		"a role, an hour into its session": {request{key: admin, at: noon.Add(-time.Minute), expires: "900", host: "sts.amazonaws.com", region: "us-east-1"}, info{
			"arn:aws:iam::111122223333:role/Admin", "aws-iam-authenticator:111122223333:AROACKCEVSQ6C2EXAMPLE", []string{"aws:111122223333"},
			map[string][]string{
				"arn": {"arn:aws:sts::111122223333:assumed-role/Admin/jane@example.com"}, "canonicalArn": {"arn:aws:iam::111122223333:role/Admin"},
				"principalId": {"AROACKCEVSQ6C2EXAMPLE"}, "accessKeyId": {"ASIAIOSFODNN7EXAMPLE"}, "sessionName": {"jane@example.com"},
				"authentication.kubernetes.io/credential-id": {"AWSACCESSKEYID=ASIAIOSFODNN7EXAMPLE"},
			}, noon.Add(14 * time.Minute), noon.Add(-time.Minute),
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.want, accepted(t, a, tt.token())) })
	}
}

// What is sent is the URL, the host, and two headers besides those of package net/http.
func TestRequest(t *testing.T) {
	s := newSTS(t)
	r := request{key: admin}
	accepted(t, s.authenticator(), r.token())
	dialled, requests := s.seen()
	require.Equal(t, []string{host + ":443"}, dialled)
	require.Len(t, requests, 1)
	sent := requests[0]
	require.Equal(t, r.url(), "https://"+sent.Host+sent.RequestURI)
	require.Equal(t, http.MethodGet, sent.Method)
	require.Equal(t, http.Header{"Accept": {"application/json"}, "X-K8s-Aws-Id": {cluster}, "User-Agent": {"Go-http-client/1.1"}, "Accept-Encoding": {"gzip"}}, sent.Header)
	require.Zero(t, sent.ContentLength)
}

// The signature is STS's to check, and it is this server's cluster that it is checked
// for.
func TestSignatures(t *testing.T) {
	s := newSTS(t)
	a := s.authenticator()
	stranger := bob
	stranger.id = "AKIAI44QH8DHBEXAMPLE"
	forger := bob
	forger.secret = "guessed"
	thief := admin
	thief.security = "stolen"
	tests := map[string]struct {
		request
		reason authn.Reason
		err    string
	}{
		"another cluster":       {request{key: bob, cluster: "staging"}, authn.BadSignature, "eks: STS says: SignatureDoesNotMatch"},
		"another case":          {request{key: bob, cluster: "Prod"}, authn.BadSignature, "eks: STS says: SignatureDoesNotMatch"},
		"another method":        {request{key: bob, method: "POST"}, authn.BadSignature, "eks: STS says: SignatureDoesNotMatch"},
		"another secret":        {request{key: forger}, authn.BadSignature, "eks: STS says: SignatureDoesNotMatch"},
		"another session token": {request{key: thief}, authn.UnknownKey, "eks: STS says: InvalidClientTokenId"},
		"an unknown key":        {request{key: stranger}, authn.UnknownKey, "eks: STS says: InvalidClientTokenId"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.err, refused(t, a, tt.token(), tt.reason)) })
	}
	for name, edit := range map[string]struct{ from, to string }{
		"the signature": {"X-Amz-Signature=", "X-Amz-Signature="},
		"the user":      {"Credential=AKIAIOSFODNN7EXAMPLE", "Credential=ASIAIOSFODNN7EXAMPLE"},
		"the region":    {"eu-west-1%2Fsts", "eu-west-2%2Fsts"},
		"the date":      {"T120000Z", "T120001Z"},
		"the expiry":    {"Expires=60", "Expires=900"},
	} {
		t.Run("changed: "+name, func(t *testing.T) {
			url := strings.Replace(request{key: bob}.url(), edit.from, edit.to, 1)
			if edit.from == edit.to {
				last := url[len(url)-1]
				url = url[:len(url)-1] + string("0123456789abcdef"[(strings.IndexByte("0123456789abcdef", last)+1)%16])
			}
			require.NotEqual(t, request{key: bob}.url(), url)
			_, ok, err := a.AuthenticateToken(t.Context(), token(url))
			require.False(t, ok)
			require.Contains(t, []authn.Reason{authn.BadSignature, authn.UnknownKey}, authn.ReasonOf(err))
		})
	}
}

// A token is good from five minutes before its date to fifteen after, here and at STS,
// whose clock may be another.
func TestTimes(t *testing.T) {
	r := request{key: bob, expires: "1"} // which STS does not heed
	tests := []struct {
		here, there time.Duration // after the date
		reason      authn.Reason
		err         string
		asked       bool
	}{
		{0, 0, "", "", true},
		{15*time.Minute - time.Second, 15*time.Minute - time.Second, "", "", true},
		{-5 * time.Minute, -5 * time.Minute, "", "", true},
		{15 * time.Minute, 0, authn.Expired, "eks: expired 0s ago (X-Amz-Date 2026-11-24T12:00:00Z, and 15m0s)", false},
		{time.Hour, 0, authn.Expired, "eks: expired 45m0s ago (X-Amz-Date 2026-11-24T12:00:00Z, and 15m0s)", false},
		{-5*time.Minute - time.Second, 0, authn.NotYetValid, "eks: X-Amz-Date 2026-11-24T12:00:00Z is 5m1s ahead, more than 5m0s", false},
		{0, 15 * time.Minute, authn.Expired, "eks: STS says: SignatureDoesNotMatch, since it has expired", true},
		{0, -6 * time.Minute, authn.NotYetValid, "eks: STS says: SignatureDoesNotMatch, since its time has not come", true},
	}
	for _, tt := range tests {
		s := newSTS(t)
		s.at(noon.Add(tt.there))
		a := s.authenticator(func(_ *eks.Config, o *eks.Options) { o.Now = func() time.Time { return noon.Add(tt.here) } })
		if tt.reason == "" {
			require.Equal(t, noon.Add(15*time.Minute), accepted(t, a, r.token()).Expiry)
		} else {
			require.Equal(t, tt.err, refused(t, a, r.token(), tt.reason))
		}
		_, requests := s.seen()
		require.Equal(t, tt.asked, len(requests) > 0, tt.err)
	}
}

func TestNotMine(t *testing.T) {
	s := newSTS(t)
	a := s.authenticator()
	good := request{key: bob}.token()
	for _, token := range []string{"", "k8s-aws-v1", "K8S-AWS-V1." + good[11:], " " + good, "k8s-aws-v2." + good[11:], good[11:]} {
		_, ok, err := a.AuthenticateToken(t.Context(), token)
		require.NoError(t, err)
		require.False(t, ok)
	}
	// One that another authenticator knows to be its own.
	_, ok, err := a.AuthenticateToken(authn.Withhold(t.Context()), good)
	require.NoError(t, err)
	require.False(t, ok)
	dialled, _ := s.seen()
	require.Empty(t, dialled)
}

func TestNew(t *testing.T) {
	good := eks.Config{ClusterID: cluster, Regions: []string{"eu-west-1"}, Mapper: byARN}
	tests := map[string]struct {
		edit func(*eks.Config, *eks.Options)
		err  string
	}{
		"nothing":            {func(c *eks.Config, _ *eks.Options) { *c = eks.Config{} }, "eks: ClusterID: required, of at most 256 bytes and without blanks and what is not ASCII"},
		"no cluster":         {func(c *eks.Config, _ *eks.Options) { c.ClusterID = "" }, "eks: ClusterID: required, of at most 256 bytes and without blanks and what is not ASCII"},
		"two headers":        {func(c *eks.Config, _ *eks.Options) { c.ClusterID = "a\r\nX: y" }, "eks: ClusterID: required, of at most 256 bytes and without blanks and what is not ASCII"},
		"a long cluster":     {func(c *eks.Config, _ *eks.Options) { c.ClusterID = strings.Repeat("a", 257) }, "eks: ClusterID: required, of at most 256 bytes and without blanks and what is not ASCII"},
		"no mapper":          {func(c *eks.Config, _ *eks.Options) { c.Mapper = nil }, "eks: Mapper: required, since everybody who has an AWS account has an identity"},
		"no hosts":           {func(c *eks.Config, _ *eks.Options) { c.Regions = nil }, "eks: neither Regions nor Hosts: at least one is required"},
		"a region in a URL":  {func(c *eks.Config, _ *eks.Options) { c.Regions = []string{"eu-west-1.evil.example/"} }, `eks: region "eu-west-1.evil.example/": want one such as eu-west-1`},
		"an empty region":    {func(c *eks.Config, _ *eks.Options) { c.Regions = []string{""} }, `eks: region "": want one such as eu-west-1`},
		"a region of others": {func(c *eks.Config, _ *eks.Options) { c.Regions = []string{"us-iso-east-1"} }, `eks: region "us-iso-east-1": its host has to be among Hosts`},
		"a sovereign region": {func(c *eks.Config, _ *eks.Options) { c.Regions = []string{"eusc-de-east-1"} }, `eks: region "eusc-de-east-1": its host has to be among Hosts`},
		"a URL":              {func(c *eks.Config, _ *eks.Options) { c.Hosts = []string{"https://sts.amazonaws.com"} }, `eks: host "https://sts.amazonaws.com": want a name in lower case, without scheme, port and dot at the end`},
		"a port":             {func(c *eks.Config, _ *eks.Options) { c.Hosts = []string{"sts.amazonaws.com:443"} }, `eks: host "sts.amazonaws.com:443": want a name in lower case, without scheme, port and dot at the end`},
		"a wildcard":         {func(c *eks.Config, _ *eks.Options) { c.Hosts = []string{"*.amazonaws.com"} }, `eks: host "*.amazonaws.com": want a name in lower case, without scheme, port and dot at the end`},
		"an address":         {func(c *eks.Config, _ *eks.Options) { c.Hosts = []string{"169.254.169.254"} }, `eks: host "169.254.169.254": want a name in lower case, without scheme, port and dot at the end`},
		"localhost":          {func(c *eks.Config, _ *eks.Options) { c.Hosts = []string{"localhost"} }, `eks: host "localhost": want a name in lower case, without scheme, port and dot at the end`},
		"capitals":           {func(c *eks.Config, _ *eks.Options) { c.Hosts = []string{"STS.amazonaws.com"} }, `eks: host "STS.amazonaws.com": want a name in lower case, without scheme, port and dot at the end`},
		"a dot at the end":   {func(c *eks.Config, _ *eks.Options) { c.Hosts = []string{"sts.amazonaws.com."} }, `eks: host "sts.amazonaws.com.": want a name in lower case, without scheme, port and dot at the end`},
		"no time":            {func(_ *eks.Config, o *eks.Options) { o.Timeout = -1 }, "eks: MaxBytes, MaxInFlight and Timeout: must not be negative"},
		"no room":            {func(_ *eks.Config, o *eks.Options) { o.MaxInFlight = -1 }, "eks: MaxBytes, MaxInFlight and Timeout: must not be negative"},
		"no length":          {func(_ *eks.Config, o *eks.Options) { o.MaxBytes = -1 }, "eks: MaxBytes, MaxInFlight and Timeout: must not be negative"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, o := good, eks.Options{}
			tt.edit(&c, &o)
			_, err := eks.New(c, &o)
			require.EqualError(t, err, tt.err)
		})
	}
	a, err := eks.New(good, nil)
	require.NoError(t, err)
	require.Equal(t, "eks", a.String())
	require.NoError(t, a.HealthCheck())
	require.Zero(t, a.Generation())
}

// A region of China has a host of its own domain.
func TestChina(t *testing.T) {
	s := newSTS(t)
	a := s.authenticator(func(c *eks.Config, _ *eks.Options) { c.Regions, c.Hosts = []string{"cn-north-1"}, nil })
	accepted(t, a, request{key: bob, host: "sts.cn-north-1.amazonaws.com.cn", region: "cn-north-1"}.token())
	refused(t, a, request{key: bob, host: "sts.cn-north-1.amazonaws.com"}.token(), authn.Malformed)
}

type mapper struct{ user.Info }

func (m mapper) User(context.Context, eks.Identity) (user.Info, error) { return m, nil }
func (mapper) Generation() uint64                                      { return 7 }
func (mapper) HealthCheck() error                                      { return errors.New("stale") }

// A mapper has the first word, but for what the token itself tells.
func TestMapper(t *testing.T) {
	s := newSTS(t)
	with := func(m eks.Mapper) *eks.Authenticator {
		return s.authenticator(func(c *eks.Config, _ *eks.Options) { c.Mapper = m })
	}
	shared := &user.DefaultInfo{Name: "bob", UID: "7", Groups: []string{"ops"}, Extra: map[string][]string{
		"team": {"a"}, "sessionName": {"forged"}, "accessKeyId": {"forged"}, "authentication.kubernetes.io/credential-id": {"JTI=forged"},
	}}
	a := with(mapper{shared})
	require.Equal(t, uint64(7), a.Generation())
	require.EqualError(t, a.HealthCheck(), "stale")
	resp, ok, err := a.AuthenticateToken(t.Context(), request{key: bob}.token())
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "bob", resp.User.GetName())
	require.Equal(t, "7", resp.User.GetUID())
	require.Equal(t, []string{"a"}, resp.User.GetExtra()["team"])
	require.NotContains(t, resp.User.GetExtra(), "sessionName")
	require.Equal(t, []string{bob.id}, resp.User.GetExtra()["accessKeyId"])
	require.Equal(t, []string{"AWSACCESSKEYID=" + bob.id}, resp.User.GetExtra()[user.CredentialIDKey])
	resp.User.GetGroups()[0], resp.User.GetExtra()["team"][0] = "root", "b"
	require.Equal(t, []string{"ops"}, shared.Groups)
	require.Equal(t, []string{"a"}, shared.Extra["team"])

	for name, tt := range map[string]struct {
		u      user.Info
		err    error
		reason authn.Reason
		text   string
	}{
		"nobody":       {nil, authn.Errorf(authn.RuleFailed, "nobody"), authn.RuleFailed, "eks: nobody"},
		"no reason":    {nil, errors.New("nobody"), authn.Refused, "eks: nobody"},
		"down":         {nil, authn.Errorf(authn.Unavailable, "down"), authn.Unavailable, "eks: down"},
		"neither":      {nil, nil, authn.InvalidUser, "eks: the mapper returned neither a user nor an error"},
		"without name": {&user.DefaultInfo{}, nil, authn.InvalidUser, "eks: " + authn.CheckName("").Error()},
	} {
		t.Run(name, func(t *testing.T) {
			a := with(eks.MapperFunc(func(context.Context, eks.Identity) (user.Info, error) { return tt.u, tt.err }))
			require.Equal(t, tt.text, refused(t, a, request{key: bob}.token(), tt.reason))
		})
	}
}

// brief is a user who ends at a time of their own.
type brief struct {
	user.Info
	expiry time.Time
}

func (b brief) Expiry() time.Time { return b.expiry }

// A user who ends before the token does is not remembered for longer.
func TestUserWhoEndsEarlier(t *testing.T) {
	s := newSTS(t)
	for after, want := range map[time.Duration]time.Duration{time.Minute: time.Minute, 15 * time.Minute: 15 * time.Minute, time.Hour: 15 * time.Minute} {
		a := s.authenticator(func(c *eks.Config, _ *eks.Options) {
			c.Mapper = eks.MapperFunc(func(context.Context, eks.Identity) (user.Info, error) {
				return brief{authntest.User("jane"), noon.Add(after)}, nil
			})
		})
		require.Equal(t, noon.Add(want), accepted(t, a, request{key: bob}.token()).Expiry)
	}
}

// The mapper is told what STS said.
func TestIdentity(t *testing.T) {
	s := newSTS(t)
	var got eks.Identity
	a := s.authenticator(func(c *eks.Config, _ *eks.Options) {
		c.Mapper = eks.MapperFunc(func(_ context.Context, id eks.Identity) (user.Info, error) {
			got = id
			return authntest.User("jane"), nil
		})
	})
	accepted(t, a, request{key: admin}.token())
	require.Equal(t, eks.Identity{
		ARN: "arn:aws:sts::111122223333:assumed-role/Admin/jane@example.com", CanonicalARN: "arn:aws:iam::111122223333:role/Admin",
		Account: "111122223333", UserID: "AROACKCEVSQ6C2EXAMPLE", SessionName: "jane@example.com", AccessKeyID: "ASIAIOSFODNN7EXAMPLE",
	}, got)
}

// A cache asks once, and forgets when the token ends. A deny list names the key.
func TestCachedAndDenied(t *testing.T) {
	s := newSTS(t)
	var denied authn.MemoryRevocations
	cached := bearer.Cached(s.authenticator(), &bearer.CacheOptions{Now: s.clock})
	a := authn.TokenRevocations(cached, &denied)
	token := request{key: bob}.token()
	asked := func() int { _, requests := s.seen(); return len(requests) }
	for range 3 {
		_, ok, err := a.AuthenticateToken(t.Context(), token)
		require.NoError(t, err)
		require.True(t, ok)
	}
	require.Equal(t, 1, asked())
	entry, err := authn.ParseRevocation("credential AWSACCESSKEYID=" + bob.id)
	require.NoError(t, err)
	require.NoError(t, denied.Add(entry))
	_, _, err = a.AuthenticateToken(t.Context(), token)
	require.Equal(t, authn.Revoked, authn.ReasonOf(err))
	require.True(t, denied.Remove(entry))
	s.at(noon.Add(15 * time.Minute))
	_, _, err = a.AuthenticateToken(t.Context(), token)
	require.Equal(t, authn.Expired, authn.ReasonOf(err))
	require.Equal(t, 1, asked())
}

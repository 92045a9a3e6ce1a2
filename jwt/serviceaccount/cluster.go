package serviceaccount

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/internal/strictjson"
	"github.com/authnchain/authnchain/jwt"
)

// ClusterOptions are the settings of [NewCluster] that are rarely needed.
type ClusterOptions struct {
	// URL is the API server's. Empty means https://kubernetes.default.svc.
	URL string

	// Client asks the API server, with the authorities and the credential that it needs. Nil
	// means one with those of the pod that the process is in.
	Client *http.Client

	// Folder is where the pod's files ca.crt and token are, if there is no Client. Empty
	// means /var/run/secrets/kubernetes.io/serviceaccount.
	Folder string

	// MaxStale is how long keys are used that cannot be fetched anew, as in jwt.Options.
	MaxStale time.Duration

	// Now returns the time. Nil means [time.Now].
	Now func() time.Time
}

// Cluster asks an API server for its keys and, as [Objects], for one object at a time. A
// server with many callers has caches instead, such as those of package listers.
type Cluster struct {
	url    string
	client *http.Client
	keys   *jwt.URLKeys
	pod    *podTransport // nil: the client is the caller's

	renewal fetch.Renewal
}

// NewCluster returns the cluster that the process is a pod of, if o does not say
// otherwise, which may be nil. It asks with the pod's own token, which is read anew for
// each request, since it is replaced before it expires, and goes to the API server alone.
// The authorities, in ca.crt, are followed as x509.File does.
//
// Every account may read the keys, unless the cluster has taken away the ClusterRoleBinding
// system:service-account-issuer-discovery. To look up objects, the pod's account must be
// allowed to get serviceaccounts, pods, secrets and what else tokens are bound to.
func NewCluster(o *ClusterOptions) (*Cluster, error) {
	if o == nil {
		o = &ClusterOptions{}
	}
	c := &Cluster{url: strings.TrimSuffix(cmp.Or(o.URL, "https://kubernetes.default.svc"), "/"), client: o.Client}
	err := c.open(o)
	if err != nil {
		return nil, fmt.Errorf("serviceaccount: cluster: %w", err)
	}
	return c, nil
}

func (c *Cluster) open(o *ClusterOptions) (err error) {
	if err := fetch.CheckURL(c.url, false); err != nil {
		return fmt.Errorf("URL: %w", err)
	}
	parsed, err := url.Parse(c.url)
	if err != nil || parsed.RawQuery != "" || parsed.ForceQuery {
		return errors.New("URL: must not have a query")
	}
	if c.client == nil {
		if c.pod, err = podClient(cmp.Or(o.Folder, podFolder), parsed.Host, o.Now); err != nil {
			return err
		}
		c.client = &http.Client{Transport: c.pod}
	}
	c.client = fetch.Client(c.client)
	c.keys, err = jwt.URL(c.url+"/openid/v1/jwks", &jwt.URLOptions{Client: c.client, MaxStale: o.MaxStale, Now: o.Now})
	return err
}

// HealthCheck returns why the authorities in ca.crt are not in use, and nil if they are or
// the Client is the caller's. Of the keys it is [jwt.URLKeys.HealthCheck] that tells.
func (c *Cluster) HealthCheck() error {
	if c.pod == nil {
		return nil
	}
	return c.pod.roots.HealthCheck()
}

// Keys returns the cluster's keys, for [Config].Keys. They are fetched and refreshed as
// jwt.URL does.
func (c *Cluster) Keys() *jwt.URLKeys { return c.keys }

const (
	objectTimeout = 5 * time.Second

	// onlyMetadata asks for no more of an object than that.
	onlyMetadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
)

// Object implements [Objects] with a GET. It takes five seconds at most.
func (c *Cluster) Object(ctx context.Context, r Reference) (Object, error) {
	path := pathOf(r)
	if path == "" {
		return Object{}, errors.New("objects of this kind cannot be looked up")
	}
	ctx, cancel := context.WithTimeout(ctx, objectTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+path+url.PathEscape(r.Name), nil)
	if err != nil {
		return Object{}, err
	}
	accept := onlyMetadata
	if r.Kind == Secret && r.UID == "" || r.Kind == ServiceAccount {
		accept = "application/json"
	}
	request.Header.Set("Accept", accept)
	answer, err := c.renewal.Do(c.client, request, http.StatusOK, http.StatusNotFound)
	if err != nil {
		return Object{}, unavailable(err)
	}
	o, err := parseObject(string(answer.Body), r)
	if (answer.Status == http.StatusNotFound) != errors.Is(err, ErrNotFound) {
		return Object{}, errNotAnObject // the status and the text are at odds
	}
	return o, err
}

// unavailable says when to ask again, if the API server did.
func unavailable(err error) error {
	return &authn.Error{Reason: authn.Unavailable, Err: err, RetryAfter: fetch.RetryAfterOf(err)}
}

// pathOf returns where the objects of a kind are, or nothing.
func pathOf(r Reference) string {
	core, admission := "/api/v1/", "/apis/admissionregistration.k8s.io/v1/"
	within := core + "namespaces/" + url.PathEscape(r.Namespace)
	switch r.Kind {
	case ServiceAccount:
		return within + "/serviceaccounts/"
	case Secret:
		return within + "/secrets/"
	case Pod:
		return within + "/pods/"
	case Node:
		return core + "nodes/"
	case ValidatingWebhookConfiguration:
		return admission + "validatingwebhookconfigurations/"
	case MutatingWebhookConfiguration:
		return admission + "mutatingwebhookconfigurations/"
	}
	return ""
}

var errNotAnObject = errors.New("the API server's answer is not the object that was asked for")

// parseObject reads an API server's answer. One that is not an object, or no Status, is
// somebody else's: that there is nothing at a path of a proxy says nothing of a pod.
func parseObject(text string, r Reference) (o Object, err error) {
	answer, err := strictjson.Parse(text)
	if err != nil {
		return o, errNotAnObject
	}
	kind, _ := answer.Get("kind").Text()
	reason, _ := answer.Get("reason").Text()
	if kind == "Status" && reason == "NotFound" {
		return o, ErrNotFound
	}
	metadata, err := answer.Get("metadata").Object()
	if err != nil || kind != string(r.Kind) && kind != "PartialObjectMetadata" {
		return o, errNotAnObject
	}
	if name, _ := metadata.Get("name").Text(); name != r.Name {
		return o, errNotAnObject
	}
	if o, err = parseMetadata(metadata); err != nil {
		return Object{}, err
	}
	if o.Secrets, err = parseSecrets(answer.Get("secrets")); err != nil {
		return Object{}, errNotAnObject
	}
	data, _ := answer.Get("data").Object()
	token, _ := data.Get("token").Text()
	o.Token, err = base64.StdEncoding.DecodeString(token)
	if err != nil {
		return Object{}, errNotAnObject
	}
	return o, nil
}

func parseMetadata(metadata strictjson.Object) (o Object, err error) {
	if o.UID, err = metadata.Get("uid").Text(); err != nil {
		return o, errNotAnObject
	}
	if deleted := metadata.Get("deletionTimestamp"); !deleted.Null() {
		text, _ := deleted.Text()
		if o.Deleted, err = time.Parse(time.RFC3339, text); err != nil || o.Deleted.IsZero() {
			return o, errNotAnObject
		}
	}
	if labels := metadata.Get("labels"); !labels.Null() {
		o.InvalidSince, o.LastUsed, err = parseLabels(labels)
	}
	return o, err
}

// parseLabels reads those of a Secret. A label that is there and cannot be read is an
// error: it may take the token back.
func parseLabels(v strictjson.Value) (invalidSince, lastUsed string, err error) {
	labels, err := v.Object()
	if err != nil {
		return "", "", errNotAnObject
	}
	for _, l := range []struct {
		name string
		into *string
	}{{"kubernetes.io/legacy-token-invalid-since", &invalidSince}, {"kubernetes.io/legacy-token-last-used", &lastUsed}} {
		if label := labels.Get(l.name); !label.Missing() {
			if *l.into, err = label.Text(); err != nil {
				return "", "", errNotAnObject
			}
		}
	}
	return invalidSince, lastUsed, nil
}

// parseSecrets returns the names in a ServiceAccount's list of secrets.
func parseSecrets(list strictjson.Value) (names []string, err error) {
	if list.Null() {
		return nil, nil
	}
	items, err := list.Items()
	for _, item := range items {
		object, _ := item.Object()
		if name, err := object.Get("name").Text(); err == nil {
			names = append(names, name)
		}
	}
	return names, err
}

package main

import (
	"context"
	"slices"
	"strings"
	"sync"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

// secrets are those of one release during one call: read once, then kept as the API server answers our writes. Helm's
// own storage driver stands on it; by exec it would list them four times an upgrade. What another helm writes in the
// meantime is met where helm meets it: at the creation of the next revision, which exists already.
type secrets struct {
	corev1.SecretInterface
	release string

	mutex  sync.Mutex
	loaded bool
	failed bool // some write has no good answer: what there is now is not known
	items  map[string]*v1.Secret
}

// revision is what the operator needs of a Secret's metadata.
type revision struct {
	Metadata metadata `json:"metadata"`
}

type metadata struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
}

func newSecrets(client corev1.SecretInterface, release string) *secrets {
	return &secrets{SecretInterface: client, release: release, items: map[string]*v1.Secret{}}
}

// load reads the release's revisions unless that was done.
func (s *secrets) load(ctx context.Context) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.loaded {
		return nil
	}
	selector := labels.Set{"name": s.release, "owner": "helm"}.String()
	found, err := s.SecretInterface.List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return err
	}
	for i := range found.Items {
		s.items[found.Items[i].Name] = &found.Items[i]
	}
	s.loaded = true
	return nil
}

// revisions is all there is of the release now; nil where that is not known.
func (s *secrets) revisions() []revision {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.loaded || s.failed {
		return nil
	}
	known := []revision{}
	for _, one := range s.items {
		known = append(known, revision{metadata{one.Name, one.Labels}})
	}
	return known
}

func (s *secrets) List(ctx context.Context, opts metav1.ListOptions) (*v1.SecretList, error) {
	selector, err := labels.Parse(opts.LabelSelector)
	if err != nil {
		return nil, err
	}
	if name, exact := selector.RequiresExactMatch("name"); !exact || name != s.release {
		return s.SecretInterface.List(ctx, opts)
	}
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	list := &v1.SecretList{}
	for _, one := range s.items {
		if selector.Matches(labels.Set(one.Labels)) {
			list.Items = append(list.Items, *one)
		}
	}
	slices.SortFunc(list.Items, func(a, b v1.Secret) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

func (s *secrets) Get(ctx context.Context, name string, opts metav1.GetOptions) (*v1.Secret, error) {
	s.mutex.Lock()
	known := s.items[name]
	s.mutex.Unlock()
	if known != nil {
		return known, nil
	}
	return s.SecretInterface.Get(ctx, name, opts)
}

func (s *secrets) Create(ctx context.Context, made *v1.Secret, opts metav1.CreateOptions) (*v1.Secret, error) {
	stored, err := s.SecretInterface.Create(ctx, made, opts)
	s.note(made.Name, stored, err)
	return stored, err
}

func (s *secrets) Update(ctx context.Context, made *v1.Secret, opts metav1.UpdateOptions) (*v1.Secret, error) {
	stored, err := s.SecretInterface.Update(ctx, made, opts)
	s.note(made.Name, stored, err)
	return stored, err
}

func (s *secrets) Delete(ctx context.Context, name string, opts metav1.DeleteOptions) error {
	err := s.SecretInterface.Delete(ctx, name, opts)
	s.note(name, nil, err)
	return err
}

func (s *secrets) note(name string, stored *v1.Secret, err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case err != nil:
		s.failed = true
	case stored == nil:
		delete(s.items, name)
	default:
		s.items[name] = stored
	}
}

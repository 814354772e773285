// Makes Abseil's mutexes known to ThreadSanitizer.
//
// The system's Abseil and gRPC are not compiled with it, so what their mutexes order looks to it
// like races. Linked into every program of a build with the sanitizer, these functions come before
// those of the library, call them, and say what they mean: who has unlocked a mutex comes before
// who locks it next.
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdio>
#include <cstdlib>

namespace {

// The library's own function.
template <typename Function>
Function Next(const char* symbol) {
  void* const found = dlsym(RTLD_NEXT, symbol);
  if (found == nullptr) {
    std::fprintf(stderr, "no library has %s\n", symbol);
    std::abort();
  }
  return reinterpret_cast<Function>(found);
}

}  // namespace

// The names of the library's functions hold the name of its inline namespace, here NAMESPACE.
#define NAMESPACE "7debian3"
#define NEXT(type, symbol) static const auto next = Next<type>("_ZN4absl" NAMESPACE symbol)
#define CONST_NEXT(type, symbol) static const auto next = Next<type>("_ZNK4absl" NAMESPACE symbol)
#define CONDITION "ERKNS0_9ConditionE"

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  NEXT(void (*)(Mutex*), "5Mutex4LockEv");
  next(this);
  __tsan_acquire(this);
}

void Mutex::Unlock() {
  NEXT(void (*)(Mutex*), "5Mutex6UnlockEv");
  __tsan_release(this);
  next(this);
}

bool Mutex::TryLock() {
  NEXT(bool (*)(Mutex*), "5Mutex7TryLockEv");
  const bool locked = next(this);
  if (locked) __tsan_acquire(this);
  return locked;
}

void Mutex::ReaderLock() {
  NEXT(void (*)(Mutex*), "5Mutex10ReaderLockEv");
  next(this);
  __tsan_acquire(this);
}

void Mutex::ReaderUnlock() {
  NEXT(void (*)(Mutex*), "5Mutex12ReaderUnlockEv");
  __tsan_release(this);
  next(this);
}

void Mutex::Await(const Condition& condition) {
  NEXT(void (*)(Mutex*, const Condition&), "5Mutex5Await" CONDITION);
  __tsan_release(this);
  next(this, condition);
  __tsan_acquire(this);
}

bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  NEXT(bool (*)(Mutex*, const Condition&, Duration),
       "5Mutex16AwaitWithTimeout" CONDITION "NS0_8DurationE");
  __tsan_release(this);
  const bool is_true = next(this, condition, timeout);
  __tsan_acquire(this);
  return is_true;
}

bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  NEXT(bool (*)(Mutex*, const Condition&, Time),
       "5Mutex17AwaitWithDeadline" CONDITION "NS0_4TimeE");
  __tsan_release(this);
  const bool is_true = next(this, condition, deadline);
  __tsan_acquire(this);
  return is_true;
}

void Mutex::LockWhen(const Condition& condition) {
  NEXT(void (*)(Mutex*, const Condition&), "5Mutex8LockWhen" CONDITION);
  next(this, condition);
  __tsan_acquire(this);
}

void CondVar::Wait(Mutex* mutex) {
  NEXT(void (*)(CondVar*, Mutex*), "7CondVar4WaitEPNS0_5MutexE");
  __tsan_release(mutex);
  next(this, mutex);
  __tsan_acquire(mutex);
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  NEXT(bool (*)(CondVar*, Mutex*, Duration),
       "7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  __tsan_release(mutex);
  const bool is_over = next(this, mutex, timeout);
  __tsan_acquire(mutex);
  return is_over;
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  NEXT(bool (*)(CondVar*, Mutex*, Time), "7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  __tsan_release(mutex);
  const bool is_over = next(this, mutex, deadline);
  __tsan_acquire(mutex);
  return is_over;
}

void Notification::Notify() {
  NEXT(void (*)(Notification*), "12Notification6NotifyEv");
  __tsan_release(this);
  next(this);
}

void Notification::WaitForNotification() const {
  CONST_NEXT(void (*)(const Notification*), "12Notification19WaitForNotificationEv");
  next(this);
  __tsan_acquire(const_cast<Notification*>(this));
}

bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  CONST_NEXT(bool (*)(const Notification*, Duration),
             "12Notification30WaitForNotificationWithTimeoutENS0_8DurationE");
  const bool notified = next(this, timeout);
  __tsan_acquire(const_cast<Notification*>(this));
  return notified;
}

ABSL_NAMESPACE_END
}  // namespace absl

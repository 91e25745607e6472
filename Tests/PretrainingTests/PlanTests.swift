import Recipes
import Testing

@testable import Pretraining

struct PlanTests {
  private func plan(
    crops: Int = 100, frames: Int = 40, _ change: (inout PretrainingRecipe) -> Void
  ) -> PretrainingPlan {
    var recipe = PretrainingRecipe()
    recipe.simmim.steps = 30
    recipe.isr.steps = 50
    change(&recipe)
    return PretrainingPlan(recipe: recipe, crops: crops, frames: frames)
  }

  @Test func `one objective is one stage`() {
    let masked = plan { $0.schedule.objective = .simmim }
    #expect(masked.stages == [.init(objective: .simmim, start: 0, steps: 30)])
    let paired = plan { $0.schedule.objective = .isr }
    #expect(paired.stages == [.init(objective: .isr, start: 0, steps: 50)])
  }

  @Test func `two objectives follow each other or go together`() {
    let staged = plan { $0.schedule.objective = .both }
    #expect(staged.totalSteps == 80)
    #expect(staged.stage(at: 29)?.objective == .simmim)
    #expect(staged.stage(at: 30)?.objective == .isr)
    #expect(staged.stage(at: 79)?.start == 30)
    #expect(staged.stage(at: 80) == nil)
    let joint = plan {
      $0.schedule.objective = .both
      $0.schedule.order = .joint
    }
    #expect(joint.stages == [.init(objective: .joint, start: 0, steps: 50)])
  }

  @Test func `a stage without steps is left out`() {
    let plan = plan {
      $0.schedule.objective = .both
      $0.simmim.steps = 0
    }
    #expect(plan.stages == [.init(objective: .isr, start: 0, steps: 50)])
  }

  @Test func `epochs count crops or frames, rounded up`() {
    let masked = plan {
      $0.schedule.objective = .simmim
      $0.simmim.epochs = 3
      $0.simmim.batch = 16
      $0.optimizer.gradientAccumulation = 2
    }
    // 300 crops by 32 a step.
    #expect(masked.totalSteps == 10)
    // A batch holds no more crops than there are.
    let few = plan(crops: 5) {
      $0.schedule.objective = .simmim
      $0.simmim.epochs = 3
      $0.simmim.batch = 16
    }
    #expect(few.totalSteps == 3)
    let paired = plan {
      $0.schedule.objective = .isr
      $0.isr.epochs = 2
      $0.isr.pairsPerBatch = 7
    }
    // 80 frames by 7 a step.
    #expect(paired.totalSteps == 12)
  }
}
